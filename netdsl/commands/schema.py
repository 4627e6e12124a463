"""netdsl schema: what the JSON of other commands looks like."""

from __future__ import annotations

import click

from netdsl.resources import schema_names, schema_text


@click.command()
@click.argument("kind", type=click.Choice(schema_names()))
def command(kind: str) -> None:
    """Print the JSON Schema (draft 2020-12) of what another command writes.

    bench, check, diff, eval, lr-find, predict and search are what these commands write with --format json,
    finding is each line of `netdsl check --format jsonl`. The number in the property `schema` changes when a
    later version does more than add properties.
    """
    click.echo(schema_text(kind), nl=False)
