"""Carries out the cures that findings know, or shows what that would change."""

from __future__ import annotations

import click

from netdsl.commands.checking import rechecked
from netdsl.commands.loading import show
from netdsl.diagnostics import Diagnosed, has_errors
from netdsl.gate.checking import checked
from netdsl.gate.settings import Settings
from netdsl.planning.network_files import STDIN, foreign, open_source
from netdsl.source import Source


def mend(name: str, settings: Settings, *, unsafe: bool, ctx: click.Context) -> None:
    """Change a file as the fixes of its findings say; one that cannot be read is reported afterwards."""
    from netdsl.commands.writing import check_writable, replace_text

    if name == STDIN:
        raise click.UsageError("--fix changes files, and standard input is none", ctx)
    try:
        source = open_source(name)
    except Diagnosed:
        return
    check_writable(source, ctx)
    better, count = _mended(source, settings, unsafe)
    if count:
        replace_text(name, better.form.dressed(better.text))
        click.echo(f"{name}: {count} fixed", err=True)


def show_change(name: str, stdin_name: str | None, settings: Settings, *, unsafe: bool) -> bool:
    """Print what ``mend`` would change, and change nothing; whether there is anything, or no such file."""
    from netdsl.reports.as_unified_diff import change_as_text

    try:
        source = open_source(name)
    except Diagnosed as diagnosed:
        show(diagnosed.diagnostics)
        return True
    shown = stdin_name or source.name if name == STDIN else source.name
    source = Source(shown, source.text, source.folder, source.form)
    better, count = _mended(source, settings, unsafe)
    if count:
        before, after = (source.form.dressed(one.text) for one in (source, better))
        click.echo(change_as_text(before, after, shown, shown), nl=False)
    return bool(count)


def _mended(source: Source, settings: Settings, unsafe: bool) -> tuple[Source, int]:
    from netdsl.edits import mended

    if foreign(source) and has_errors(checked(source, settings)[1]):
        return source, 0
    return mended(source, lambda text: rechecked(text, settings), unsafe=unsafe)
