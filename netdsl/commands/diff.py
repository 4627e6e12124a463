"""netdsl diff: what tells one network from another."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from netdsl.commands.console.loading import exit_with, load_plan_or_exit
from netdsl.commands.console.terminal import wants_colour, width_of
from netdsl.diagnostics import Diagnosed
from netdsl.graph.statements.headers import name_of_file
from netdsl.planning.difference import Difference, Shape, compared_arrays, difference
from netdsl.planning.network_files import STDIN, open_source, planned
from netdsl.planning.plan import Plan
from netdsl.planning.revision import file_at
from netdsl.resources import zoo_names
from netdsl.source import Source


@click.command()
@click.argument("networks", metavar="A B | --against REV FILE", nargs=-1, required=True)
@click.option("--against", metavar="REV", help="Compare FILE with its version at this git revision.")
@click.option(
    "--checkpoint",
    metavar="RUN|FILE",
    help="Report which of these weights fit the new network, instead of those of the old one.",
)
@click.option("--breaking", is_flag=True, help="Exit with 1 if the old weights do not fit the new network.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="Output format; markdown suits a comment on a pull request.",
)
@click.pass_context
def command(
    context: click.Context,
    networks: tuple[str, ...],
    against: str | None,
    checkpoint: str | None,
    breaking: bool,
    output_format: str,
) -> None:
    """Compare two networks: layers added, removed and changed, and what each change costs.

    Volumes, parameters, MACs and receptive fields are shown before and after an arrow. Layers with the same
    text are matched in order; between those, layers of one kind are compared. The last lines say which
    weights of the old network fit the new one, by name and shape, as `netdsl train --from` takes them.
    """
    if len(networks) != (1 if against is not None else 2):
        wanted = "one FILE with --against" if against is not None else "two networks, A and B"
        raise click.UsageError(f"netdsl diff takes {wanted}.")
    if against is None:
        before, after = (load_plan_or_exit(name) for name in networks)
        names = (networks[0], networks[1])
    else:
        _check_is_file(networks[0])
        before, after = _plan_at(against, networks[0]), load_plan_or_exit(networks[0])
        names = (f"{against}:{networks[0]}", networks[0])
    found = difference(before, after)
    weights_of = names[0]
    if checkpoint is not None:
        weights_of = checkpoint
        found = found._replace(arrays=compared_arrays(found, _shapes(checkpoint)))
    click.echo(_written(found, names, weights_of, output_format), nl=False, color=wants_colour(sys.stdout))
    if breaking and found.breaking:
        context.exit(1)


def _check_is_file(name: str) -> None:
    """Refuse what has no past: raises Diagnosed (ND002) for a folder, and a usage error for what is no file
    of the user's."""
    if name == STDIN:
        raise click.UsageError("--against compares a file with an earlier version; standard input has none")
    if os.path.isdir(name):
        open_source(name)
    elif name in zoo_names() and not os.path.lexists(name):
        raise click.UsageError(
            f"--against compares a file with an earlier version; {name!r} is a shipped network"
        )


def _plan_at(revision: str, name: str) -> Plan:
    """The plan of a file as it was, called as it is called now; findings name the revision."""
    with file_at(revision, name) as path:
        try:
            copy = open_source(path)
        except Diagnosed as diagnosed:
            found = (finding._replace(path=f"{revision}:{name}") for finding in diagnosed.diagnostics)
            raise Diagnosed(*found) from None
        there = Source(f"{revision}:{name}", copy.text, copy.folder, copy.text_format)
        plan, findings = planned(there)
    if plan is None:
        exit_with(findings)
    network = plan.network
    if network.name == name_of_file(there):
        plan = plan._replace(network=network._replace(name=name_of_file(copy)))
    return plan


def _shapes(checkpoint: str) -> dict[str, Shape]:
    from netdsl.training.starting_weights import stored_shapes

    return stored_shapes(Path(checkpoint))


def _written(found: Difference, names: tuple[str, str], weights_of: str, output_format: str) -> str:
    if output_format == "json":
        from netdsl.reports.as_difference_json import difference_as_json

        return difference_as_json(found, names, weights_of)
    from netdsl.reports.as_difference import difference_as_markdown, difference_as_text

    if output_format == "markdown":
        return difference_as_markdown(found, names, weights_of)
    paint, width = wants_colour(sys.stdout), width_of(sys.stdout)
    return difference_as_text(found, names, weights_of, colour=paint, width=width)
