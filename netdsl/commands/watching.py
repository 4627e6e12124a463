"""Does something again when a file changes: for `netdsl check --watch`.

Files are looked at a few times a second. Notices of the system would come sooner, but not from network
drives and containers, and not without another package.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple, TypeAlias

INTERRUPTED = 130

_PAUSE_SECONDS = 0.2
_SHARE = 20
"""Looking at the files takes at most one part in so many of the time."""

_Stamps: TypeAlias = dict[str, tuple[int, int, int] | None]


class Round(NamedTuple):
    """What one time came to: its exit code, and the other files that it has looked at."""

    code: int
    looked_at: Collection[str] = ()


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
