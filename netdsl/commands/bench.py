"""netdsl bench: time every layer of a network on this machine, under its two roofs."""

from __future__ import annotations

import sys

import click

from netdsl.commands.console.loading import load_plan_or_exit
from netdsl.commands.console.terminal import say, wants_colour, width_of
from netdsl.commands.running.options import (
    autotune_option,
    batch_option,
    check_precision,
    format_option,
    precision_option,
    tell_problem,
    threads_option,
)
from netdsl.cores import thread_count


@click.command()
@click.argument("network", metavar="NET")
@batch_option
@click.option("--inference", is_flag=True, help="Time only the forward pass instead of a training step.")
@click.option(
    "--rounds",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    metavar="N",
    help="Rounds of timing; the median counts.",
)
@precision_option
@threads_option
@autotune_option
@click.option(
    "--against",
    type=click.Choice(["torch"]),
    help="Time the same step in another library too, in the same rounds.",
)
@format_option
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.pass_context
def command(
    context: click.Context,
    /,
    network: str,
    batch: int,
    inference: bool,
    rounds: int,
    precision: str | None,
    threads: int | None,
    autotune: bool,
    against: str | None,
    output_format: str,
    as_json: bool,
) -> None:
    """Time every layer of NET, forward, backward and update.

    The figures are shown beside this machine's limits, which are measured too: multiply-adds per second, and
    bytes to and from memory. docs/bench.md says how each is counted.
    """
    chosen = context.get_parameter_source("output_format") is click.core.ParameterSource.COMMANDLINE
    if as_json and chosen and output_format != "json":
        raise click.UsageError(
            f"--json is --format json: leave out --json or --format {output_format}", context
        )
    plan = load_plan_or_exit(network)
    precision = precision or "float32"
    check_precision(precision)
    from netdsl.measuring.measure import Task, measure

    task = Task(plan, batch, thread_count(threads), rounds, not inference, precision, autotune)
    if against is None:
        found = measure(task, say=say)
    else:
        from netdsl.measuring.against_torch import require_torch, torch_steps

        require_torch()
        found = measure(task, torch_steps, say)
    from netdsl.backend.numba.backend import open_backend

    tell_problem(open_backend().problem)
    if as_json or output_format == "json":
        from netdsl.reports.as_measurement_json import measurement_as_json

        click.echo(measurement_as_json(found), nl=False)
    else:
        from netdsl.reports.as_measurement_table import measurement_as_table

        paint, width = wants_colour(sys.stdout), width_of(sys.stdout)
        click.echo(measurement_as_table(found, colour=paint, width=width), nl=False, color=paint)
