"""The process of one implementation: it says what it measured, a line of JSON per question.

    python benchmarks/worker.py IMPLEMENTATION TASK

TASK is a Task as JSON. After the first step it prints what it knows. Then it reads lines: a number
of seconds asks for steps that take about as long and is answered with the milliseconds of one;
``peak`` is answered with the peak memory in bytes; the end of the lines ends it. Where something
fails it prints the reason.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from implementations import Implementation, Task, implementation

SHORT_SECONDS = 0.1
"""A step shorter than this is preceded by one that does not count, for it finds cold caches."""


def peak_bytes() -> int:
    """The largest resident set of this process so far."""
    try:
        # What getrusage gives on Linux is no less than the parent's at its birth.
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        import resource

        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return size if sys.platform == "darwin" else size * 1024


def keep_to(threads: int) -> None:
    """Use that many processors, whatever the library thinks it may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def turn(chosen: Implementation, seconds: float, expected_seconds: float) -> float:
    """Seconds of a step: the mean over as many as fill a turn, at least one."""
    if expected_seconds < SHORT_SECONDS:
        chosen.step()
    start = now = time.perf_counter()
    steps = 0
    while steps == 0 or now - start < seconds:
        chosen.step()
        steps += 1
        now = time.perf_counter()
    return (now - start) / steps


def work(name: str, task: Task, say: Callable[[Any], None]) -> None:
    started = float(os.environ["NETDSL_BENCHMARK_START"])
    keep_to(task.threads)
    chosen = implementation(name, task)
    versions = chosen.versions()
    imported_bytes = peak_bytes()
    chosen.setup()
    first = time.time() - started
    say({"first_step_seconds": first, "versions": versions, "imported_bytes": imported_bytes})
    expected = 0.0
    for line in sys.stdin:
        if line.strip() == "peak":
            say(peak_bytes())
        else:
            expected = turn(chosen, float(line), expected)
            say(expected * 1000)


def main() -> None:
    # Answers have the standard output for themselves: libraries that print go to the errors.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: Any) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    try:
        work(sys.argv[1], Task(**json.loads(sys.argv[2])), say)
    except Exception as error:
        # Whatever a library throws, a compiler it misses or memory it cannot have, is a result.
        text = str(error).strip() or type(error).__name__
        say({"failure": f"{type(error).__name__}: {text.splitlines()[0][:300]}"})


if __name__ == "__main__":
    main()
