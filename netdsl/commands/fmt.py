"""netdsl fmt: write networks in their canonical layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from netdsl.commands.loading import STDIN, open_source, show
from netdsl.commands.writing import check_writable, replace_text
from netdsl.diagnostics import Diagnosed
from netdsl.source import Source

if TYPE_CHECKING:
    from netdsl.syntax.lexer import Token


class _Formatted(NamedTuple):
    """A file and its canonical text; ``text`` is None where it cannot be read, which is shown."""

    source: Source | None
    text: str | None

    @property
    def differs(self) -> bool:
        return self.source is not None and self.text not in (None, self.source.text)


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Write nothing; the exit code is 1 where a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], check: bool, diff: bool) -> None:
    """Lay networks out alike: blanks, indentation, layer kinds in capitals, options in lower case.

    Comments, names and line ends stay, and so does the meaning. A file with mistakes of syntax is left alone.
    With - the text comes from standard input and goes to standard output.
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
            click.echo(outcome.text, nl=False)
        elif outcome.differs:
            try:
                replace_text(name, outcome.text)
            except Diagnosed as diagnosed:
                show(diagnosed.diagnostics)
                unwritten = True
            else:
                click.echo(f"changed {name}", err=True)
    unread = any(outcome.text is None for outcome in outcomes)
    changed = (check or diff) and any(outcome.differs for outcome in outcomes)
    ctx.exit(1 if unread or changed or unwritten else 0)


def _format(name: str, ctx: click.Context) -> _Formatted:
    from netdsl.graph.formatter import formatted
    from netdsl.syntax.parser import parse

    try:
        source = open_source(name)
    except Diagnosed as diagnosed:
        show(diagnosed.diagnostics)
        return _Formatted(None, None)
    check_writable(source, ctx)
    parsed = parse(source)
    if parsed.diagnostics or parsed.file is None:
        show(parsed.diagnostics)
        return _Formatted(source, None)
    text = formatted(source, parsed.file)
    _check_meaning(source, text)
    return _Formatted(source, text)


def _check_meaning(source: Source, text: str) -> None:
    """Raise where the canonical text has other words than the file: then it is not written."""
    from netdsl.syntax.tokens import tokens

    before, after = ([_essence(token) for token in tokens(text)] for text in (source.text, text))
    if before != after:
        raise AssertionError(f"formatting would change the meaning of {source.name}")


def _essence(token: Token) -> tuple[str, str]:
    """What must stay of a token: all but blanks, case, the length of a link, the form of a quote."""
    if token.kind in ("LINK", "STRING"):
        return token.kind, token.text[1:-1] if token.kind == "STRING" else ""
    return token.kind, "".join(token.text.split()).casefold().replace("×", "x")


def _show_difference(source: Source, text: str) -> None:
    from difflib import unified_diff

    lines = unified_diff(
        source.text.splitlines(keepends=True),
        text.splitlines(keepends=True),
        source.name,
        f"{source.name}, formatted",
    )
    for line in lines:
        click.echo(line if line.endswith("\n") else f"{line}\n\\ no line break at the end\n", nl=False)
