"""`netdsl check --watch`: checks again when a file changes.

Files are looked at a few times a second. Notices of the system would come sooner, but not from network
drives and containers, and not without another package.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple, TypeAlias

import click

from netdsl.commands.checking.inputs import named_networks
from netdsl.commands.checking.many_files import LOOKED_AT
from netdsl.commands.console.loading import show
from netdsl.diagnostics import Diagnosed
from netdsl.planning.network_files import STDIN

FINDINGS, USAGE, INTERRUPTED = 1, 2, 130

_PAUSE_SECONDS = 0.2
_SHARE = 20
"""Looking at the files takes at most one part in so many of the time."""

_Stamps: TypeAlias = dict[str, tuple[int, int, int] | None]


class Round(NamedTuple):
    """What one time came to: its exit code, and the other files that it has looked at."""

    code: int
    looked_at: Collection[str] = ()


def watch_check(ctx: click.Context, networks: Sequence[str], check: Callable[[], object]) -> int:
    """``check`` the networks that a command line names, until Ctrl-C; returns the last round's exit code.

    ``check`` ends as a command does, by leaving with an exit code, and may raise what one may.
    """
    if STDIN in networks:
        raise click.UsageError("--watch waits for files to change, not for standard input", ctx)
    text = ("text", "") in ctx.params["formats"] and sys.stdout.isatty()

    def files() -> list[str]:
        try:
            return named_networks(networks)
        except click.UsageError:
            return list(networks)

    def act() -> Round:
        if text:
            click.echo(_CLEAR, nl=False)
        code = 0
        try:
            check()
        except click.exceptions.Exit as leaving:
            code = leaving.exit_code
        except Diagnosed as diagnosed:
            show(diagnosed.diagnostics)
            code = FINDINGS
        except click.UsageError as error:  # the settings of the project may be at work on
            error.show()
            code = USAGE
        sys.stdout.flush()
        return Round(code, ctx.meta.get(LOOKED_AT, ()))

    def say(count: int) -> None:
        files = f"{count} files" if count != 1 else "1 file"
        click.echo(f"netdsl: watching {files}; Ctrl-C ends", err=True)

    return watch(act, files, say)


_CLEAR = "\x1b[2J\x1b[3J\x1b[H"


def watch(act: Callable[[], Round], files: Callable[[], Iterable[str]], say: Callable[[int], None]) -> int:
    """``act`` at once, and again after every change of one of the ``files``, which are named anew each time.

    A file that is missing changes when it appears. ``say`` is told how many files there are when the waiting
    begins. Ctrl-C ends it; returns the exit code of the last round that was complete.
    """
    done = Round(INTERRUPTED)
    try:
        while True:
            # Looked at beforehand: what changes during a round asks for the next one.
            named, others = _stamps(files()), _stamps(done.looked_at)
            done = act()
            others = {path: others[path] if path in others else _stamp(path) for path in done.looked_at}
            stamps = {**others, **named}
            gc.unfreeze()
            gc.collect()
            say(len(stamps))
            _wait(stamps, files, done.looked_at)
    except KeyboardInterrupt:
        return done.code


def _wait(stamps: _Stamps, files: Callable[[], Iterable[str]], looked_at: Collection[str]) -> None:
    """Wait until one of the files is another, gone or new, and none has changed for a moment since."""
    settled = stamps
    while True:
        began = time.monotonic()
        latest = _stamps({*files(), *looked_at})
        if latest == settled and latest != stamps:
            return
        settled = latest
        time.sleep(max(_PAUSE_SECONDS, _SHARE * (time.monotonic() - began)))


def _stamps(paths: Iterable[str]) -> _Stamps:
    return {path: _stamp(path) for path in paths}


def _stamp(path: str) -> tuple[int, int, int] | None:
    """What changes when a file is written or replaced; None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
