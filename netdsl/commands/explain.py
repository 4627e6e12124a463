"""netdsl explain: what a code means, why it is a mistake, and how it is mended."""

from __future__ import annotations

import click


@click.command()
@click.argument("code", required=False)
@click.pass_context
def command(ctx: click.Context, code: str | None) -> None:
    """Explain a code such as ND301; without one, list them all."""
    from netdsl.resources import explained_codes, explanation_text
    from netdsl.spelling import did_you_mean

    known = explained_codes()
    if code is None:
        for name in known:
            title = explanation_text(name).partition("\n")[0].lstrip("# ")
            click.echo(title)
        return
    wanted = code.upper()
    if wanted not in known:
        near = did_you_mean(wanted, known)
        hint = f"Did you mean {near}?" if near else "'netdsl explain' lists all codes."
        raise click.UsageError(f"There is no code {code!r}. {hint}", ctx)
    click.echo(explanation_text(wanted), nl=False)
