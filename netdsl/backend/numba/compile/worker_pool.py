"""Processes that compile kernels beside this one: Numba compiles one function at a time in each.

They share nothing but a folder. Each goes through the list from its own place, skips what is
there already, whoever made it, and writes what it compiles; nobody waits for anybody, but for a moment
for the very last kernel. So a process that cannot be started, fails or is killed costs time and nothing
else, and several runs that start at once on one empty cache share the work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from netdsl.backend.numba.compile.object_file import read_code, write_code
from netdsl.backend.numba.kernel import Kernel
from netdsl.backend.numba.target import Target

Work = Sequence[tuple[str, Kernel]]
"""Symbols, after which the files are named, with their kernels."""

_LARGEST = 4
"""Processes at most, this one among them: each takes some 150 MB."""

_WORTH_IT = 4
"""Kernels to compile from which on a second process, which must load Numba first, saves time."""

_MOMENT_SECONDS = 1.0
"""Longer than nearly every kernel takes, and short beside a first step that is compiled."""


def code_path(folder: Path, symbol: str) -> Path:
    return folder / f"{symbol}.o"


class WorkerPool:
    """The other processes; they end with their work, or with this process."""

    def __init__(self, folder: Path, work: Work, later: Work, processes: int) -> None:
        """``processes`` counts this one, which goes through ``work`` from the beginning.

        What is only needed ``later`` they do after that, and give way to everything else meanwhile.
        """
        others = min(processes, _LARGEST, (len(work) + len(later)) // _WORTH_IT + 1) - 1
        self._processes: list[subprocess.Popen[bytes]] = []
        weakref.finalize(self, _dismiss, self._processes)
        for number in range(others if sys.executable else 0):
            with suppress(OSError):
                # From the end, where this process comes last; more of them spread over the list.
                start = len(work) - number * len(work) // others
                mine = [*reversed(work[:start]), *reversed(work[start:])]
                self._processes.append(_started(folder, mine, later))

    def finishes(self, path: Path) -> bool:
        """Wait a moment for the last file that is missing; whether it is there then."""
        end = time.monotonic() + _MOMENT_SECONDS
        while self.at_work and time.monotonic() < end:
            if path.exists():
                return True
            time.sleep(0.002)
        return path.exists()

    @property
    def at_work(self) -> bool:
        return any(process.poll() is None for process in self._processes)


def _dismiss(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.kill()
        process.wait()
        for pipe in filter(None, (process.stdin, process.stdout)):
            with suppress(OSError):
                pipe.close()


def _started(folder: Path, work: Work, later: Work) -> subprocess.Popen[bytes]:
    script = f"from {__name__} import take_part; take_part()"
    # A file and no pipe, which would have to be read before this process may continue.
    with tempfile.TemporaryFile() as list_of_work:
        list_of_work.write(json.dumps([os.getpid(), os.fspath(folder), work, later]).encode())
        list_of_work.seek(0)
        return _python(script, stdin=list_of_work, stdout=subprocess.DEVNULL)


def _python(script: str, stdin: Any, stdout: int) -> subprocess.Popen[bytes]:
    # The module path of this process and no other place, so that it is this very netdsl that
    # compiles, and no file of the working folder is taken for a module.
    return subprocess.Popen(
        [
            sys.executable,
            "-I" if sys.flags.isolated else "-P",
            "-c",
            f"import sys; sys.path[:] = {sys.path!r}; {script}",
        ],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
    )


def take_part() -> None:
    """What such a process does: compile what standard input lists."""
    parent, folder, work, later = json.loads(sys.stdin.buffer.read())
    _without_scipy()
    _compile(Path(folder), work, parent)
    if hasattr(os, "nice"):
        os.nice(10)
    _compile(Path(folder), later, parent)


def _without_scipy() -> None:
    """Where SciPy is installed Numba looks for its linear algebra, which no kernel uses."""
    sys.modules["scipy"] = None  # type: ignore[assignment]


def _compile(folder: Path, work: list[tuple[str, list[str]]], parent: int) -> None:
    from netdsl.backend.numba.compile.numba_loading import object_code

    for symbol, (name, text, arguments) in work:
        if os.getppid() != parent:
            return  # killed: nobody waits for the rest
        path = code_path(folder, symbol)
        if read_code(path) is None:
            write_code(path, object_code(Kernel(name, text, int(arguments)), symbol))


class Elsewhere:
    """A process that compiles for another target than this one; it ends with this one."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._processes: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()
        weakref.finalize(self, _dismiss, self._processes)

    def compile(self, folder: Path, work: Work) -> None:
        """Have it compile, and wait. What could not be compiled is missing afterwards."""
        with self._lock, suppress(OSError):
            if not self._processes or self._processes[-1].poll() is not None:
                _dismiss(self._processes)
                self._processes.clear()
                script = f"from {__name__} import serve; serve({self._target.name!r})"
                self._processes.append(_python(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            process = self._processes[-1]
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps([os.fspath(folder), work]).encode() + b"\n")
            process.stdin.flush()
            process.stdout.readline()


@cache
def elsewhere(target: Target) -> Elsewhere:
    """The process for a target, started when it is first needed."""
    return Elsewhere(target)


def serve(target: str) -> None:
    """What such a process does, until nobody is left to ask."""
    from netdsl.backend.numba.isa.process_target import compile_for

    compile_for(target)
    _without_scipy()
    for line in sys.stdin.buffer:
        folder, work = json.loads(line)
        with suppress(OSError):
            _compile(Path(folder), work, os.getppid())
        sys.stdout.write("done\n")
        sys.stdout.flush()
