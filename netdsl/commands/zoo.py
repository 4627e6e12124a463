"""netdsl zoo: the networks that ship with netdsl."""

from __future__ import annotations

import click

from netdsl.commands.console.terminal import echo_folded


@click.command()
@click.argument("network", required=False)
@click.pass_context
def command(ctx: click.Context, network: str | None) -> None:
    """List the shipped networks, or print the text of one."""
    from netdsl.resources import zoo_names, zoo_text

    known = zoo_names()
    if network is None:
        _list(known)
    elif network in known:
        click.echo(zoo_text(network), nl=False)
    else:
        from netdsl.spelling import did_you_mean

        near = did_you_mean(network, known)
        hint = f"Did you mean '{near}'?" if near else "`netdsl zoo` lists them."
        raise click.UsageError(f"No shipped network is called {network!r}. {hint}", ctx)


def _list(names: list[str]) -> None:
    """Name, parameters and one line for each, from the published figures."""
    import tomllib

    from netdsl.quantities import grouped
    from netdsl.resources import published_text

    published = tomllib.loads(published_text())
    rows = [
        (name, grouped(published[name]["parameters"]), published[name]["summary"])
        for name in sorted(names, key=lambda name: int(published[name]["parameters"]))
    ]
    name_width = max(len(name) for name, _, _ in rows)
    count_width = max(len(count) for _, count, _ in rows)
    click.echo(f"{'network'.ljust(name_width)}  {'parameters'.rjust(count_width)}")
    indent = " " * (name_width + count_width + 4)
    for name, count, summary in rows:
        echo_folded(f"{name.ljust(name_width)}  {count.rjust(count_width)}  {summary}", indent=indent)
