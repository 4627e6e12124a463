"""netdsl depth: how many layers with weights a network has."""

from __future__ import annotations

import click


@click.command()
@click.argument("network")
def command(network: str) -> None:
    """Count the layers of NETWORK that have weights."""
    from netdsl.commands.console.loading import load_plan_or_exit

    plan = load_plan_or_exit(network)
    click.echo(sum(planned.node.layer.has_weights for planned in plan.layers))
