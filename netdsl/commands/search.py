"""netdsl search: try recipes, in a search folder that can be gone on with and shared."""

from __future__ import annotations

import shlex
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdsl.commands.listening import unheard
from netdsl.commands.loading import load_plan_or_exit, show
from netdsl.commands.recipe_options import chosen_recipe, recipe_options
from netdsl.commands.running import (
    backend_option,
    check_precision,
    exact_option,
    format_option,
    percent,
    precision_option,
    thread_count,
    threads_option,
)
from netdsl.quantities import counted

if TYPE_CHECKING:
    from netdsl.commands.interruption import Interruption
    from netdsl.plan.plan import Plan
    from netdsl.recipe.recipe import Recipe
    from netdsl.searching.folder import SearchFolder
    from netdsl.searching.study import Study
    from netdsl.searching.task import Task
    from netdsl.searching.trial import Trial
    from netdsl.searching.work import Surroundings

_METHODS = ("grid", "random", "bayes")
_DEFAULT_TRIALS = 20
_MOST_TRIALS = 100_000
_MOST_WORKERS = 1024
_FREE_ON_RESUME = ("data",)
_WAIT_SECONDS = 0.2


@click.command()
@click.argument("network", metavar="NET", required=False)
@click.option(
    "--method",
    type=click.Choice(_METHODS),
    help="grid tries every combination, random draws them, and bayes, which needs netdsl[search], learns from"
    " the trials before and gives up those that lag behind; random by default.",
)
@click.option(
    "--trials",
    type=click.IntRange(1, _MOST_TRIALS),
    metavar="N",
    help=f"Recipes to try; {_DEFAULT_TRIALS} by default, or all of a grid.",
)
@click.option(
    "--points",
    type=click.IntRange(2, 1000),
    metavar="N",
    help="Values that a grid tries in a range such as 0..1; 5 by default.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, _MOST_WORKERS),
    default=1,
    show_default=True,
    metavar="N",
    help="Trials to train side by side, which share the cores.",
)
@click.option("--no-pruning", is_flag=True, help="Train every trial of --method bayes to its end.")
@click.option("--dry-run", is_flag=True, help="Print the recipes that would be tried, and train nothing.")
@click.option("--out", metavar="FOLDER", help="Search folder; searches/NET-1, -2 and so on by default.")
@recipe_options()
@exact_option
@precision_option
@threads_option
@backend_option
@format_option
@click.option("--recipe", metavar="FILE", help="A .train file in place of the network's train block.")
@click.option("--resume", metavar="FOLDER", help="Go on with the search in this folder, or take part in it.")
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
    form: str,
    recipe: str | None,
    resume: str | None,
    exact: bool,
    precision: str | None,
    **settings: Any,
) -> None:
    """Search the settings that the recipe's `search` entry names, and write the best recipe.

    Every trial is a run of its own, judged by the validation images. At the end the best one meets the test
    images, once. Ctrl-C, SIGTERM and a closed terminal save and stop; --resume goes on, and a second process
    that resumes the same folder takes part.
    """
    if out == "":
        raise click.BadParameter("name a folder", context, param_hint="--out")
    given = {name: value for name, value in settings.items() if value is not None}
    if exact:
        given["exact"] = True
    if precision is not None:
        given["precision"] = precision
    if resume is not None:
        others = {"method": method, "points": points, "recipe": recipe, "out": out}
        others |= {"no-pruning": no_pruning or None, "dry-run": dry_run or None}
        _check_resume(context, given | {name: value for name, value in others.items() if value is not None})
        from netdsl.searching.folder import old_search

        folder, study = old_search(Path(resume))
        with closing(study.journal):
            if _is_given(context, "backend") and backend != study.task.backend:
                _check_resume(context, {"backend": backend})
            around = _around(study, resume, network, given.get("data"), thread_count(threads))
            if trials is not None and trials != study.target:
                study.ask_for(trials)
            context.exit(_search(folder, study, around, workers, form, network))
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
            context.exit(_search(folder, study, around, workers, form, network))


def _is_given(context: click.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def _check_resume(context: click.Context, given: dict[str, Any]) -> None:
    fixed = [name for name in given if name not in _FREE_ON_RESUME]
    if fixed:
        name = fixed[0].replace("_", "-")
        message = f"--{name} cannot change when a search goes on: its trials could not be compared"
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
    from netdsl.graph.printer import print_network
    from netdsl.recipe.points import search_problems
    from netdsl.searching.task import Task

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
        raise click.UsageError("--points is for --method grid: other methods try any value", context)
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
        message = f"the grid has {error.size:,} points: name fewer values, fewer --points, or --method random"
        raise click.UsageError(message, context) from None
    return min(trials or size, size)


def _print_points(context: click.Context, task: Task, target: int) -> None:
    from itertools import islice

    from netdsl.reports.as_trials import point_text
    from netdsl.searching.points import drawn, grid

    if task.method == "bayes":
        raise click.UsageError("--dry-run is for grid and random: bayes decides as it goes", context)
    points = grid(task.recipe, task.points) if task.method == "grid" else drawn(task.recipe)
    width = len(str(target))
    for number, point in enumerate(islice(points, target), start=1):
        click.echo(f"trial {number:{width}}/{target}  {point_text(point)}")


def _new(
    task: Task, target: int, plan: Plan, out: str | None, network: str, threads: int
) -> tuple[SearchFolder, Study, Surroundings]:
    """A new search, once its data are read and fit, so that no folder is left of one that cannot be."""
    from netdsl.commands.train import _stem
    from netdsl.searching.folder import new_search

    around = _surroundings(plan, task.recipe, task.backend, threads)
    task = task._replace(data_digest=around.data_digest)
    folder, study = new_search(None if out is None else Path(out), _stem(network), task, target)
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
    from netdsl.searching.work import surroundings

    around = surroundings(plan, recipe, open_backend(backend), threads)
    with unheard():
        show(around.findings)
    for line in around.dataset.reading:
        _say(f"{around.dataset.name}: {line}")
    return around


def _search(
    folder: SearchFolder, study: Study, around: Surroundings, workers: int, form: str, network: str | None
) -> int:
    """Train the trials, test the best one, print the table; the exit code."""
    from netdsl.commands.interruption import Interruption
    from netdsl.searching.outcome import no_result, tested

    shares = _shares(around.threads, workers)
    _say(_opening(folder, study, shares))
    with Interruption() as interruption:
        _work(folder, study, around._replace(threads=shares[0]), shares[1:], interruption)
        best = study.best
        _publish(folder, study, around, best, network)
        if interruption.received:
            _say_stopped(folder, study, around, interruption)
            return interruption.exit_code
        if best is None:
            raise no_result(study)
        tested(folder, study, around, best)
    _print(folder, study, best, form)
    _say_next(folder, study, around, best, network)
    return 0


def _shares(cores: int, workers: int) -> list[int]:
    """The cores of each worker: all together, and one at least."""
    return [max((cores + place) // workers, 1) for place in reversed(range(workers))]


def _work(
    folder: SearchFolder,
    study: Study,
    around: Surroundings,
    others: list[int],
    interruption: Interruption,
) -> None:
    """Train until no trial is left in any process, or until a signal comes."""
    from netdsl.commands.search_crew import SearchCrew
    from netdsl.commands.search_progress import SearchDisplay
    from netdsl.searching.work import Worker

    worker = Worker(
        folder,
        study,
        around,
        lambda: interruption.received is not None,
        lambda: interruption.at_once(lambda: _say_stopped(folder, study, around, interruption)),
    )
    left = study.target - len(study.trials) + len(study.running)
    crew = SearchCrew(folder.path, others[: max(left - 1, 0)], around.recipe.data)
    with closing(crew), SearchDisplay(study) as shown:
        while True:
            for _ in worker.run():
                shown.show(crew.lost)
            shown.show(crew.lost, now=True)
            if interruption.received or not study.running:
                return
            time.sleep(_WAIT_SECONDS)


def _opening(folder: SearchFolder, study: Study, shares: list[int]) -> str:
    done = sum(1 for trial in study.trials if trial not in study.running)
    held = f", {done} of them done," if done else ""
    cores = counted(shares[0], "thread")
    side = f"{len(shares)} side by side with {cores} each" if len(shares) > 1 else cores
    return (
        f"searching {study.task.name}, {study.task.method}: {counted(study.target, 'trial')}{held} "
        f"in {folder.path}; {side}"
    )


def _publish(
    folder: SearchFolder, study: Study, around: Surroundings, best: Trial | None, network: str | None
) -> None:
    """Write the table, the picture and the best recipe as they are now."""
    from netdsl.reports.as_coordinates import trials_as_picture
    from netdsl.reports.as_trials import point_text, trials_as_csv
    from netdsl.reports.display import visible
    from netdsl.searching.folder import PICTURE, TABLE
    from netdsl.searching.outcome import write_recipe

    search = study.task.recipe.search
    folder.write(TABLE, trials_as_csv([one.setting for one in search], study.trials))
    folder.write(PICTURE, trials_as_picture(study.task.name, search, study.trials))
    if best is not None and best.result is not None:
        comments = [
            f"trial {best.number} of {len(study.trials)}, {point_text(best.point)}: "
            f"validation accuracy {percent(best.result.accuracy)} after epoch {best.result.epoch}",
            visible(_train_command(folder, around, network)),
        ]
        write_recipe(folder, study, best, comments)


def _print(folder: SearchFolder, study: Study, best: Trial, form: str) -> None:
    from netdsl.recipe.points import recipe_at
    from netdsl.reports.as_trials import search_as_json, trials_as_table
    from netdsl.reports.display import visible, visible_lines
    from netdsl.searching.folder import TABLE

    task, look = study.task, study.looks[best.number]
    if form == "json":
        recipe = recipe_at(task.recipe, best.point)
        text = search_as_json(task.name, task.method, str(folder.path), study.trials, recipe, look)
        click.echo(text, nl=False)
        return
    names = [one.setting for one in task.recipe.search]
    click.echo(
        visible_lines(trials_as_table(names, study.trials, visible(str(folder.path / TABLE)))), nl=False
    )
    click.echo(f"test accuracy {percent(look.accuracy)}")


def _say_next(
    folder: SearchFolder, study: Study, around: Surroundings, best: Trial, network: str | None
) -> None:
    from netdsl.searching.folder import PICTURE

    told = f"the test accuracy is that of trial {best.number}, the best on the validation images; "
    others = len(study.looks) - 1
    if others:
        told += f"{counted(others, 'other trial')} of this search met the test images before it went on"
    else:
        told += "no other trial has met the test images"
    _say(told)
    _say(f"the trials as a picture: {folder.path / PICTURE}; next:")
    _say(f"  netdsl eval {_quoted(folder.trial_path(best.number))}{_data_option(around)}")
    _say(f"  {_train_command(folder, around, network)}")


def _say_stopped(
    folder: SearchFolder, study: Study, around: Surroundings, interruption: Interruption
) -> None:
    assert interruption.received is not None
    done = sum(1 for trial in study.trials if trial not in study.running)
    _say(
        f"stopped by {interruption.received.name} after {done} of {counted(study.target, 'trial')}; "
        "everything is saved. Go on with:"
    )
    _say(f"  netdsl search --resume {_quoted(folder.path)}{_data_option(around)}")


def _train_command(folder: SearchFolder, around: Surroundings, network: str | None) -> str:
    """What repeats the best trial."""
    from netdsl.searching.folder import NETWORK, RECIPE

    named = network if network not in (None, "-") else folder.path / NETWORK
    exact = " --exact" if around.recipe.exact else ""
    precision = around.recipe.precision
    precision = "" if precision == "float32" else f" --precision {precision}"
    options = f"{exact}{precision}{_data_option(around)}"
    return f"netdsl train {_quoted(str(named))} --recipe {_quoted(folder.path / RECIPE)}{options}"


def _data_option(around: Surroundings) -> str:
    """What has to be said again of the data, because no journal decides which files are opened."""
    from netdsl.data import digits

    return "" if around.recipe.data == digits.NAME else f" --data {_quoted(around.recipe.data)}"


def _quoted(path: Path | str) -> str:
    return shlex.quote(str(path))


def _say(line: str) -> None:
    """Something to know that is not the result."""
    from netdsl.reports.display import visible

    with unheard():
        click.echo(visible(line), err=True)
