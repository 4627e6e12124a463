"""How many processors this process may use."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """On how many cores this process may run."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def thread_count(asked: int | None) -> int:
    """Threads to use: no more than this process may run on."""
    return usable_cores() if asked is None else min(asked, usable_cores())
