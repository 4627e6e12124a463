"""netdsl search: try recipes, in a search folder that can be gone on with and shared."""

from __future__ import annotations

import shlex
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdsl.commands.console.listening import unheard
from netdsl.commands.console.loading import load_plan_or_exit, show
from netdsl.commands.console.terminal import echo_folded, say
from netdsl.commands.console.writing import check_named
from netdsl.commands.running.options import (
    backend_option,
    check_precision,
    exact_option,
    format_option,
    precision_option,
    run_stem,
    threads_option,
)
from netdsl.commands.running.recipe_options import chosen_recipe, recipe_options
from netdsl.commands.searching.run import carry_out
from netdsl.cores import thread_count

if TYPE_CHECKING:
    from netdsl.planning.plan import Plan
    from netdsl.recipe.recipe import Recipe
    from netdsl.searching.search_folder import SearchFolder
    from netdsl.searching.search_worker import Surroundings
    from netdsl.searching.study import Study
    from netdsl.searching.task import Task

_METHODS = ("grid", "random", "bayes")
_DEFAULT_TRIALS = 20
_MOST_TRIALS = 100_000
_MOST_WORKERS = 1024
_FREE_ON_RESUME = ("data",)


@click.command()
@click.argument("network", metavar="NET", required=False)
@click.option(
    "--method",
    type=click.Choice(_METHODS),
    help="grid tries every combination, random draws them, and bayes (needs netdsl[search]) learns "
    "from earlier"
    " trials and stops those that lag; random by default.",
)
@click.option(
    "--trials",
    type=click.IntRange(1, _MOST_TRIALS),
    metavar="N",
    help=f"Number of trials; {_DEFAULT_TRIALS} by default, or the whole grid.",
)
@click.option(
    "--points",
    type=click.IntRange(2, 1000),
    metavar="N",
    help="Grid values for a range such as 0..1; 5 by default.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, _MOST_WORKERS),
    default=1,
    show_default=True,
    metavar="N",
    help="Trials to train in parallel, sharing the cores.",
)
@click.option("--no-pruning", is_flag=True, help="With --method bayes, train every trial to the end.")
@click.option("--dry-run", is_flag=True, help="Print the recipes that would be tried, without training.")
@click.option("--out", metavar="FOLDER", help="Search folder; searches/NET-1, -2 and so on by default.")
@recipe_options()
@exact_option
@precision_option
@threads_option
@backend_option
@format_option
@click.option("--recipe", metavar="FILE", help="A .train file to use instead of the network's train block.")
@click.option("--resume", metavar="FOLDER", help="Continue the search in this folder, or join it.")
@click.pass_context
def command(
    context: click.Context,
    /,
    network: str | None,
    method: str | None,
    trials: int | None,
    points: int | None,
    workers: int,
    no_pruning: bool,
    dry_run: bool,
    out: str | None,
    threads: int | None,
    backend: str,
    output_format: str,
    recipe: str | None,
    resume: str | None,
    exact: bool,
    precision: str | None,
    **settings: Any,
) -> None:
    """Search the settings that the recipe's `search` entry names, and write the best recipe.

    Every trial is a separate run, judged by the validation images. At the end the best one is tested once, on
    the test images. Ctrl-C, SIGTERM and a closed terminal save and stop; --resume continues, and a second
    process that resumes the same folder joins in.
    """
    check_named(context, out, "folder", "--out")
    given = {name: value for name, value in settings.items() if value is not None}
    if exact:
        given["exact"] = True
    if precision is not None:
        given["precision"] = precision
    if resume is not None:
        others = {"method": method, "points": points, "recipe": recipe, "out": out}
        others |= {"no-pruning": no_pruning or None, "dry-run": dry_run or None}
        _check_resume(context, given | {name: value for name, value in others.items() if value is not None})
        from netdsl.searching.search_folder import old_search

        folder, study = old_search(Path(resume))
        with closing(study.journal):
            if _is_given(context, "backend") and backend != study.task.backend:
                _check_resume(context, {"backend": backend})
            around = _around(study, resume, network, given.get("data"), thread_count(threads))
            if trials is not None and trials != study.target:
                study.ask_for(trials)
            context.exit(carry_out(folder, study, around, workers, output_format, network))
    elif network is None:
        raise click.UsageError("name the network to search for, or a search with --resume", context)
    else:
        check_precision(precision, backend)
        plan = load_plan_or_exit(network)
        chosen = chosen_recipe(plan.network, recipe, given)
        task = _task(context, plan, chosen, method or "random", points, not no_pruning, backend)
        target = _target(context, task, trials)
        if dry_run:
            _print_points(context, task, target)
            return
        folder, study, around = _new(task, target, plan, out, network, thread_count(threads))
        with closing(study.journal):
            context.exit(carry_out(folder, study, around, workers, output_format, network))


def _is_given(context: click.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def _check_resume(context: click.Context, given: dict[str, Any]) -> None:
    fixed = [name for name in given if name not in _FREE_ON_RESUME]
    if fixed:
        name = fixed[0].replace("_", "-")
        message = f"--{name} cannot change when a search continues: its trials could not be compared"
        raise click.UsageError(message, context)


def _task(
    context: click.Context,
    plan: Plan,
    recipe: Recipe,
    method: str,
    points: int | None,
    prune: bool,
    backend: str,
) -> Task:
    """What is searched, checked as far as it can be without the data."""
    from netdsl.diagnostics import Diagnosed, file_error
    from netdsl.recipe.points import search_problems
    from netdsl.searching.task import Task
    from netdsl.text.printer import print_network

    name = plan.network.source.name
    if not recipe.search:
        cures = (
            "write what to try into `train { }`: search rate in 1e-4..1e-1 log, batch in {32, 64}",
            "or give it with --search",
        )
        raise Diagnosed(file_error("ND556", name, "the recipe does not say what to search", *cures))
    problems = list(search_problems(recipe))
    if problems:
        raise Diagnosed(*(file_error("ND555", name, one.message, *one.cures) for one in problems))
    if points is not None and method != "grid":
        raise click.UsageError("--points needs --method grid: other methods try any value", context)
    if method == "bayes":
        from netdsl.searching.bayes import require_optuna

        require_optuna()
    text = print_network(plan.network)
    prune = prune and method == "bayes"
    return Task(plan.network.name, text, recipe, method, points or 5, prune, backend, data_digest="")


def _target(context: click.Context, task: Task, trials: int | None) -> int:
    """How many trials there will be: no more than there are different recipes."""
    from netdsl.searching.points import GridTooLargeError, grid

    if task.method != "grid":
        return trials or _DEFAULT_TRIALS
    try:
        size = len(grid(task.recipe, task.points))
    except GridTooLargeError as error:
        message = f"the grid has {error.size:,} points: use fewer values, fewer --points or --method random"
        raise click.UsageError(message, context) from None
    return min(trials or size, size)


def _print_points(context: click.Context, task: Task, target: int) -> None:
    from itertools import islice

    from netdsl.reports.as_trials import point_text
    from netdsl.searching.points import drawn, grid

    if task.method == "bayes":
        raise click.UsageError("--dry-run needs --method grid or random: bayes decides as it goes", context)
    points = grid(task.recipe, task.points) if task.method == "grid" else drawn(task.recipe)
    width = len(str(target))
    for number, point in enumerate(islice(points, target), start=1):
        echo_folded(f"trial {number:{width}}/{target}  {point_text(point)}")


def _new(
    task: Task, target: int, plan: Plan, out: str | None, network: str, threads: int
) -> tuple[SearchFolder, Study, Surroundings]:
    """A new search, once its data are read and fit, so that no folder is left of one that cannot be."""
    from netdsl.searching.search_folder import new_search

    around = _surroundings(plan, task.recipe, task.backend, threads)
    task = task._replace(data_digest=around.data_digest)
    folder, study = new_search(None if out is None else Path(out), run_stem(network), task, target)
    return folder, study, around


def _around(study: Study, path: str, network: str | None, data: str | None, threads: int) -> Surroundings:
    """What a search that goes on is made with, checked to be what it was."""
    from netdsl.training.run import data_to_read

    task = study.task
    if task.method == "bayes":
        from netdsl.searching.bayes import require_optuna

        require_optuna()
    check_precision(task.recipe.precision, task.backend)
    plan = study.plan()
    if network is not None:
        study.check_network(load_plan_or_exit(network))
    resume = f"netdsl search --resume {shlex.quote(path)}"
    named = data_to_read(task.recipe.data, data, study.journal.path, resume)
    around = _surroundings(plan, task.recipe._replace(data=named), task.backend, threads)
    around.check_data(task, study.journal.path)
    return around


def _surroundings(plan: Plan, recipe: Recipe, backend: str, threads: int) -> Surroundings:
    from netdsl.backend import backend as open_backend
    from netdsl.searching.search_worker import surroundings

    around = surroundings(plan, recipe, open_backend(backend), threads)
    with unheard():
        show(around.findings)
    for line in around.dataset.reading:
        say(f"{around.dataset.name}: {line}")
    return around
