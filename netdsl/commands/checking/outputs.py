"""What `netdsl check` writes, and where: each format from its own report."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TypeAlias

import click

from netdsl.commands.checking.outcome import Outcome
from netdsl.commands.console.loading import show
from netdsl.commands.console.terminal import wants_colour
from netdsl.diagnostics import Diagnostic
from netdsl.reports.formats import FORMATS, written

STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1")
"""What standard output is called where a file could stand."""

Outputs: TypeAlias = tuple[tuple[str, str], ...]
"""Formats, and the files that they go to; an empty name is standard output."""


def read_outputs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> Outputs:
    """``json``, or ``json=FILE``, as (name, path)."""
    wanted: list[tuple[str, str]] = []
    for value in values or ("text",):
        name, equals, path = value.partition("=")
        if name not in FORMATS:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(FORMATS)}", ctx, param)
        if equals and not path:
            raise click.BadParameter(f"`{value}` names no file after =", ctx, param)
        path = "" if path in STANDARD_OUTPUT else path
        for _, other in wanted:
            if path and other and is_same_file(path, other):
                named = repr(path) if path == other else f"which {other!r} and {path!r} are"
                raise click.BadParameter(f"two formats cannot share a file, {named}", ctx, param)
        wanted.append((name, path))
    if sum(not path for _, path in wanted) > 1:
        raise click.BadParameter(
            "only one goes to standard output: write the others as FORMAT=FILE", ctx, param
        )
    return tuple(wanted)


def is_same_file(one: str, other: str) -> bool:
    """Whether two names lead to one file, be it there or not."""
    statuses = [_status(path) for path in (one, other)]
    if statuses[0] is not None and statuses[1] is not None:
        return os.path.samestat(statuses[0], statuses[1])
    if statuses != [None, None] or "\0" in one + other:
        return False
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


def _status(path: str) -> os.stat_result | None:
    """What the system says of a file; None where there is none."""
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def check_free(outputs: Outputs, read: Iterable[str], what: str, ctx: click.Context) -> None:
    """Raise a usage error where an output would overwrite one of the files that are ``read``."""
    paths = [path for _, path in outputs if path]
    if not paths:
        return
    for other in read:
        for path in paths:
            if is_same_file(path, other):
                raise click.UsageError(f"{path!r} is {what}: it would be overwritten", ctx)


def check_standard_output(outputs: Outputs, ctx: click.Context) -> None:
    """Raise a usage error where the shell sends standard output to a file that another output goes to."""
    if all(path for _, path in outputs):
        return
    with suppress(OSError, ValueError):  # closed, or no stream of the system
        there = os.fstat(sys.stdout.fileno())
        for _, path in outputs:
            with suppress(OSError, ValueError):
                if path and stat.S_ISREG(there.st_mode) and os.path.samestat(there, os.stat(path)):
                    message = f"standard output goes to {path!r} as well: name another file"
                    raise click.UsageError(message, ctx)


class Report:
    """What is written of the outcomes of a run: ``outcomes`` are all that was found, ``shown`` what --quiet
    leaves of it; ``strict`` are the files in which warnings fail. With ``statistics`` text on standard
    output is a table of codes, and JSON has one besides."""

    def __init__(
        self,
        outcomes: Sequence[Outcome],
        shown: Sequence[Outcome],
        strict: frozenset[str],
        *,
        statistics: bool,
        width: int | None,
    ) -> None:
        self._outcomes = outcomes
        self._shown = shown
        self._strict = strict
        self._statistics = statistics
        self._width = width

    def write(self, outputs: Outputs, ctx: click.Context) -> None:
        """Write every output that can be written; a usage error says which could not be."""
        failed = []
        for output_format, path in outputs:
            if not path:
                self._print(output_format)
                continue
            from netdsl.commands.console.writing import write_output

            try:
                write_output(path, self._text(output_format))
            except (OSError, ValueError) as error:
                failed.append(f"cannot write {path!r}: {getattr(error, 'strerror', None) or error}")
        if failed:
            raise click.UsageError("\n".join(failed), ctx)

    def _print(self, output_format: str) -> None:
        if output_format != "text":
            click.echo(self._text(output_format), nl=False)
        elif self._statistics:
            from netdsl.reports.as_statistics import statistics_as_text

            click.echo(statistics_as_text(_checks(self._shown), self._width), nl=False)
        else:
            colour = wants_colour(sys.stdout)
            for one in self._shown:
                show(one.findings)
                click.echo(_titled(one.table) if colour else one.table, nl=False, color=colour)

    def _text(self, output_format: str) -> str:
        from netdsl.reports.checked import Checked, CheckedFile

        found, shown = (
            [CheckedFile(one.file, one.findings, one.table, one.plan) for one in outcomes]
            for outcomes in (self._outcomes, self._shown)
        )
        root = ""
        with suppress(OSError):  # it is gone
            root = os.getcwd()
        return written(output_format, Checked(found, shown, self._strict, root, self._statistics))


def _checks(outcomes: Sequence[Outcome]) -> list[tuple[str, Sequence[Diagnostic]]]:
    return [(one.file, one.findings) for one in outcomes]


def _titled(table: str) -> str:
    """A table for a terminal: its title stands out."""
    title, end, rest = table.partition("\n")
    return f"\x1b[1m{title}\x1b[0m{end}{rest}" if table else ""


def add_step_summary(outcomes: Sequence[Outcome]) -> None:
    """Add a table to the summary of a step of GitHub Actions, whose file GITHUB_STEP_SUMMARY names."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    from netdsl.reports.formats.github import checks_as_step_summary

    try:
        with open(path, "a", encoding="utf-8", newline="\n") as file:
            file.write(checks_as_step_summary(_checks(outcomes)))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        click.echo(f"netdsl: cannot write the summary of the step: {why}", err=True)
