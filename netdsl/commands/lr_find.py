"""netdsl lr-find: a learning rate that suits a network, its data and the rest of its recipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from netdsl.commands.console.listening import unheard
from netdsl.commands.console.loading import load_plan_or_exit, show
from netdsl.commands.console.terminal import echo_folded, width_of
from netdsl.commands.console.writing import picture_path
from netdsl.commands.running.options import (
    backend_option,
    calm_numpy,
    check_precision,
    exact_option,
    format_option,
    precision_option,
    run_stem,
    tell_problem,
    threads_option,
)
from netdsl.commands.running.recipe_options import chosen_recipe, recipe_options
from netdsl.cores import thread_count
from netdsl.quantities import counted

if TYPE_CHECKING:
    from pathlib import Path

    from netdsl.training.rate_finder import Found, GrowingRate
    from netdsl.training.run import Run

_OF_NO_USE = ("schedule", "epochs", "average", "stop", "search", "rate")
"""What is looked for, and what says how a whole run goes."""

_CURVE_COLUMNS = 80
"""Of the curve, where it goes to no terminal."""

_RATE = click.FloatRange(1e-12, 1e6)


@click.command("lr-find")
@click.argument("network", metavar="NET")
@recipe_options(without=_OF_NO_USE)
@click.option("--recipe", metavar="FILE", help="A .train file to use instead of the network's train block.")
@click.option(
    "--lowest", type=_RATE, default=1e-6, metavar="R", help="The rate of the first step, 1e-6 by default."
)
@click.option(
    "--highest", type=_RATE, default=10.0, metavar="R", help="The rate of the last step, 10 by default."
)
@click.option(
    "--steps",
    type=click.IntRange(20, 10_000),
    default=100,
    show_default=True,
    metavar="N",
    help="Steps per trial.",
)
@click.option(
    "--trials",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    metavar="N",
    help="Number of trials, each with other initial weights and batches.",
)
@click.option("--out", metavar="FILE", help="File for the plot; NET-lr-find.png by default.")
@exact_option
@precision_option
@threads_option
@backend_option
@format_option
@click.pass_context
def command(
    context: click.Context,
    /,
    network: str,
    recipe: str | None,
    lowest: float,
    highest: float,
    steps: int,
    trials: int,
    out: str | None,
    exact: bool,
    precision: str | None,
    threads: int | None,
    backend: str,
    output_format: str,
    **settings: Any,
) -> None:
    """Find a learning rate for NET, from steps whose rate grows.

    Data, batch, loss and optimizer are those of its recipe; only the training part of the data is used. The
    rate is half a decade below the one with the lowest loss, averaged over the trials.
    """
    if not lowest < highest:
        raise click.UsageError("--lowest must be below --highest", context)
    calm_numpy(backend)
    from netdsl.training.rate_finder import GrowingRate

    given = {name: value for name, value in settings.items() if value is not None}
    given |= {"exact": True} if exact else {}
    given |= {"precision": precision} if precision is not None else {}
    check_precision(precision, backend)
    plan = load_plan_or_exit(network)
    picture = picture_path(context, f"{run_stem(network)}-lr-find.png" if out is None else out, "--out")
    from netdsl.backend import backend as open_backend
    from netdsl.training.run import new_run

    chosen = chosen_recipe(plan.network, recipe, given)
    run = new_run(plan, chosen, open_backend(backend), thread_count(threads))
    with unheard():
        show(run.findings)
    schedule = GrowingRate(lowest=lowest, highest=highest, steps=steps)
    found = _search(run, schedule, trials, thread_count(threads))
    with unheard():
        tell_problem(run.sessions.programs.problem)
    if found is None:
        said = "no rate found: the loss is not finite from the first step on"
        echo_folded(said, err=output_format == "json")
        context.exit(1)
    _print(found, run, network, picture, output_format)
    from netdsl.reports.as_rate_curve import rate_curve_as_png
    from netdsl.writing import replace_file

    title = f"{plan.network.name} on {run.dataset.name}, {chosen.optimizer.name}, batch {chosen.batch}"
    replace_file(picture, [rate_curve_as_png(found, title)], cure="name another place with --out")


def _search(run: Run, schedule: GrowingRate, trials: int, threads: int) -> Found | None:
    """Try, and say of each trial what came of it."""
    from netdsl.training.rate_finder import found, trial

    losses = []
    for number in range(trials):
        losses.append(tuple(trial(run, schedule, run.recipe.seed + number, threads)))
        one = found(schedule, losses[-1:])
        came = f"lowest loss at a rate of {one.lowest:.2g}" if one else "no finite loss"
        steps = counted(len(losses[-1]), "step")
        with unheard():
            echo_folded(f"trial {number + 1} of {trials}: {steps}, {came}", err=True)
    return found(schedule, losses)


def _print(found: Found, run: Run, network: str, picture: Path, output_format: str) -> None:
    from netdsl.reports.as_rate_curve import rate_curve_as_json, rate_curve_as_text
    from netdsl.reports.display import visible

    if output_format == "json":
        click.echo(rate_curve_as_json(found, run.plan.network.name, str(picture)), nl=False)
        return
    click.echo(rate_curve_as_text(found, width_of(sys.stdout) or _CURVE_COLUMNS), nl=False)
    echo_folded(f"{found.confidence}: {_reason(found)}")
    echo_folded(
        f"half a decade below the lowest loss; the steepest fall is at {found.steepest:.2g}, a tenth of the "
        f"rate of the lowest loss is {found.lowest / 10:.2g}; the recipe has {run.recipe.rate:g}"
    )
    echo_folded(visible(f"plot: {picture}"))
    click.echo(f"rate {found.rate:.2g}")


def _reason(found: Found) -> str:
    if found.doubts:
        return "; ".join(found.doubts)
    if len(found.trials) == 1:
        return "from a single trial; more trials would show how far to trust it"
    return f"{len(found.trials)} trials range from {found.low:.2g} to {found.high:.2g}"
