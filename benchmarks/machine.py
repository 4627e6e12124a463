"""What a measurement was taken on."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path


def machine() -> str:
    """This machine's processor, as it calls itself, its widest vectors, and what runs on it."""
    model, flags = platform.processor(), ""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                model = value.strip()
            elif name.strip() == "flags":
                flags = value
    except OSError:
        pass
    vectors = next((name for name in ("avx512f", "avx2", "avx") if name in flags.split()), "")
    named = f"{model} ({vectors})" if vectors else model
    return f"{named}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


WATCHED_SECONDS = 0.5


def busy_processors() -> float | None:
    """How many processors other programs keep busy just now; None where the system does not say.

    Anything above a few hundredths spoils a comparison: libraries whose threads wait for each other
    lose more than their share.
    """
    before = _ticks()
    time.sleep(WATCHED_SECONDS)
    after = _ticks()
    if before is None or after is None or sum(after) == sum(before):
        return None
    idle = (after[3] + after[4] - before[3] - before[4]) / (sum(after) - sum(before))
    return (1 - idle) * (os.cpu_count() or 1)


def _ticks() -> list[int] | None:
    """Of all processors together: user, nice, system, idle, waiting, and so on."""
    try:
        return [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    except (OSError, IndexError, ValueError):
        return None
