"""netdsl fmt: write networks in their canonical layout."""

from __future__ import annotations

from typing import NamedTuple

import click

from netdsl.commands.console.loading import show
from netdsl.commands.console.writing import check_writable, replace_text
from netdsl.diagnostics import Diagnosed
from netdsl.planning.laying_out import laid_out
from netdsl.planning.network_files import STDIN, open_source
from netdsl.source import Source


class _Formatted(NamedTuple):
    """A file and its canonical text; ``text`` is None where it cannot be read, which is shown."""

    source: Source | None
    text: str | None

    @property
    def differs(self) -> bool:
        return self.source is not None and self.text not in (None, self.source.text)


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Change nothing; show what would change.")
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], check: bool, diff: bool) -> None:
    """Format networks: blanks, indentation, layer kinds in capitals, options in lower case.

    Comments, names and line ends stay, and so does the meaning. What a table or a sheet says besides its
    layers becomes a comment. A file with mistakes of syntax, or with
    layers of kinds and blocks that do not exist, is left alone: it may not be a network. One whose volumes or
    claims are wrong is formatted. With - the text comes from standard input and goes to standard output.
    """
    outcomes = [_format(name, ctx) for name in files]
    unwritten = False
    for name, outcome in zip(files, outcomes, strict=True):
        if outcome.source is None or outcome.text is None:
            continue
        if diff:
            _show_difference(outcome.source, outcome.text)
        elif check:
            if outcome.differs:
                click.echo(f"would change {outcome.source.name}", err=True)
        elif name == STDIN:
            click.echo(outcome.source.text_format.dressed(outcome.text), nl=False)
        elif outcome.differs:
            try:
                replace_text(name, outcome.source.text_format.dressed(outcome.text))
            except Diagnosed as diagnosed:
                show(diagnosed.diagnostics)
                unwritten = True
            else:
                click.echo(f"changed {name}", err=True)
    unread = any(outcome.text is None for outcome in outcomes)
    changed = (check or diff) and any(outcome.differs for outcome in outcomes)
    ctx.exit(1 if unread or changed or unwritten else 0)


def _format(name: str, ctx: click.Context) -> _Formatted:
    try:
        source = open_source(name)
    except Diagnosed as diagnosed:
        show(diagnosed.diagnostics)
        return _Formatted(None, None)
    check_writable(source, ctx)
    text, wrong = laid_out(source)
    show(wrong)
    return _Formatted(source, text)


def _show_difference(source: Source, text: str) -> None:
    from netdsl.reports.as_unified_diff import change_as_text

    click.echo(change_as_text(source.text, text, source.name, f"{source.name}, formatted"), nl=False)
