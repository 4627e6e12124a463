"""Carries out the cures that findings know, or shows what that would change.

Files are mended on all cores. What comes of it is what mending them one after another would: a file that
looks into one that has changed meanwhile is mended anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import click

from netdsl.commands.checking.one_file import opened, rechecked, tidy
from netdsl.commands.console.loading import show
from netdsl.diagnostics import Diagnosed, Diagnostic, has_errors
from netdsl.gate.settings import Settings
from netdsl.planning.network_files import STDIN, foreign
from netdsl.source import Source


class _Change(NamedTuple):
    """The text that mending leads to, by how many fixes, and the other files that were looked into."""

    text: str
    fixes: int
    looked_into: tuple[str, ...]


class Task(NamedTuple):
    """Which files to mend, each under its settings; in how many processes (None: as there are cores);
    ``unsafe`` with the changes that make another network of it."""

    networks: Sequence[str]
    settings: Sequence[Settings]
    jobs: int | None
    unsafe: bool
    stdin_name: str | None = None


def mend(task: Task, ctx: click.Context) -> dict[str, Sequence[Diagnostic]]:
    """Change files as the fixes of their findings say; one that cannot be read is reported afterwards.

    Returns what is wrong with files that cannot be written, by name. Raises a usage error, before anything is
    changed, where one of them is no file.
    """
    from netdsl.commands.console.writing import check_writable, replace_text

    if STDIN in task.networks:
        raise click.UsageError("--fix changes files, not standard input", ctx)
    sources, _ = _opened(task)
    for source in sources.values():
        check_writable(source, ctx)
    unwritten: dict[str, Sequence[Diagnostic]] = {}
    written: set[str] = set()
    for number, change in _changes(task, sources):
        name, source = task.networks[number], sources[number]
        path = os.path.realpath(name)
        if path in written:  # the file has had its turn under another name
            continue
        if written.intersection(change.looked_into):
            change = _change(source, task.settings[number], task.unsafe)
        if not change.fixes:
            continue
        try:
            replace_text(name, source.text_format.dressed(change.text))
        except Diagnosed as diagnosed:
            unwritten[name] = diagnosed.diagnostics
            continue
        written.add(path)
        click.echo(f"{name}: {change.fixes} fixed", err=True)
    return unwritten


def show_changes(task: Task) -> bool:
    """Print what ``mend`` would change, and change nothing; whether there is anything, or no such file."""
    from netdsl.reports.as_unified_diff import change_as_text

    sources, unread = _opened(task)
    for findings in unread.values():
        show(findings)
    differs = bool(unread)
    for number, change in _changes(task, sources):
        source = sources[number]
        if change.fixes:
            before, after = (source.text_format.dressed(text) for text in (source.text, change.text))
            click.echo(change_as_text(before, after, source.name, source.name), nl=False)
            differs = True
    return differs


def _opened(task: Task) -> tuple[dict[int, Source], Mapping[int, Sequence[Diagnostic]]]:
    """The texts of the files that can be read, by number, and what is wrong with the others."""
    sources, unread = {}, {}
    for number, name in enumerate(task.networks):
        try:
            sources[number] = opened(name, task.stdin_name)
        except Diagnosed as diagnosed:
            unread[number] = diagnosed.diagnostics
    return sources, unread


def _changes(task: Task, sources: Mapping[int, Source]) -> Iterator[tuple[int, _Change]]:
    """What becomes of each text, in the order of the numbers."""
    from netdsl.commands.checking.processes import shared_out

    def work(number: int) -> _Change:
        tidy(settled=True)
        return _change(sources[number], task.settings[number], task.unsafe)

    def unpack(number: int, answer: bytes) -> _Change:
        text, count, looked_into = json.loads(answer)
        return _Change(text, count, tuple(looked_into))

    done: dict[int, _Change] = {}
    waiting = iter(sources)
    following = next(waiting, None)
    for number, change in shared_out(
        work, [*sources], task.jobs, lambda change: json.dumps(change).encode(), unpack
    ):
        done[number] = change
        while following in done:
            yield following, done.pop(following)
            following = next(waiting, None)


def _change(source: Source, settings: Settings, unsafe: bool) -> _Change:
    from netdsl.edits import mended

    seen: dict[str, None] = {}

    def check(text: Source) -> Sequence[Diagnostic]:
        findings = rechecked(text, settings)
        seen.update({path: None for one in text.seen for path in (one.asked, one.found) if path})
        return findings

    if foreign(source) and has_errors(list(check(source))):
        return _Change(source.text, 0, ())
    better, count = mended(source, check, unsafe=unsafe)
    return _Change(better.text, count, tuple(map(os.path.realpath, seen)))
