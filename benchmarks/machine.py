"""What a measurement was taken on."""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path


def command_line() -> str:
    """The command that measures, without the folders of this machine."""
    words = (Path(word).name if Path(word).is_absolute() else word for word in sys.argv)
    return " ".join(["python", *words])


def machine() -> str:
    """This machine's processor, as it calls itself, its widest vectors, and what runs on it.

    Family and model, where they are said, tell generations apart that share a name.
    """
    model, flags = platform.processor(), ""
    numbers: dict[str, str] = {}
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                model = value.strip()
            elif name.strip() == "flags":
                flags = value
            elif name.strip() in ("cpu family", "model"):
                numbers[name.strip()] = value.strip()
    except OSError:
        pass
    if len(numbers) == 2:
        model += " family {cpu family} model {model}".format(**numbers)
    vectors = next((name for name in ("avx512f", "avx2", "avx") if name in flags.split()), "")
    named = f"{model} ({vectors})" if vectors else model
    return f"{named}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


WATCHED_SECONDS = 0.5


def busy_processors() -> float | None:
    """How many processors are busy while this program does nothing; None where the system does not say."""
    before = busy_seconds()
    time.sleep(WATCHED_SECONDS)
    after = busy_seconds()
    return None if before is None or after is None else (after - before) / WATCHED_SECONDS


def busy_seconds() -> float | None:
    """What all processors together have worked since the system started; None where it does not say."""
    try:
        words = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
        # user, nice, system, idle, waiting, interrupts, soft interrupts, stolen by other machines
        ticks = [int(word) for word in words[1:9]]
    except (OSError, IndexError, ValueError):
        return None
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def seconds_of(process: int) -> float:
    """What a process has worked so far; 0 where the system does not say."""
    try:
        # The name before the last parenthesis may hold anything.
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0.0
