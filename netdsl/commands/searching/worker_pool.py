"""Processes that take part in a search beside this one; they end with their work, or with this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class SearchWorkerPool:
    """So many processes that each train one trial at a time, with so many ``threads`` each."""

    def __init__(self, folder: Path, threads: Sequence[int], data: str) -> None:
        self._processes = [_started(folder, number, data) for number in threads]
        self._lost: set[int] = set()

    def close(self) -> None:
        """Have them save what they are at, and wait for that."""
        for process in self._processes:
            with suppress(OSError):
                process.terminate()
        for process in self._processes:
            process.wait()

    def lost(self) -> list[str]:
        """What became of processes that have failed or were killed since the last call, a line each."""
        found = []
        for process in self._processes:
            if process.poll() and process.pid not in self._lost:
                self._lost.add(process.pid)
                code = process.returncode
                how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
                found.append(f"a worker {how}; the others take over its trial")
        return found


def _started(folder: Path, threads: int, data: str) -> subprocess.Popen[bytes]:
    # The module path of this process and no other place, as for those that compile.
    script = (
        f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import take_part; sys.exit(take_part())"
    )
    with tempfile.TemporaryFile() as said:
        said.write(json.dumps([os.getpid(), os.fspath(folder), threads, data]).encode())
        said.seek(0)
        return subprocess.Popen(
            [sys.executable, "-I" if sys.flags.isolated else "-P", "-c", script],
            stdin=said,
            stdout=subprocess.DEVNULL,
            # A Ctrl-C of the terminal is for this process, which passes it on once they can take it.
            process_group=None if sys.platform == "win32" else 0,
        )


def take_part() -> int:
    """What such a process does; its exit code."""
    from netdsl.commands.console.listening import unheard
    from netdsl.commands.console.loading import show
    from netdsl.diagnostics import Diagnosed

    parent, folder, threads, data = json.loads(sys.stdin.buffer.read())
    try:
        return _train(parent, Path(folder), threads, data)
    except Diagnosed as diagnosed:
        with unheard():
            show(diagnosed.diagnostics)
        return 1


def _train(parent: int, path: Path, threads: int, data: str) -> int:
    from netdsl.backend import backend
    from netdsl.commands.console.interruption import Interruption
    from netdsl.searching.search_folder import old_search
    from netdsl.searching.search_worker import Worker, surroundings

    folder, study = old_search(path)
    task = study.task
    around = surroundings(study.plan(), task.recipe._replace(data=data), backend(task.backend), threads)
    around.check_data(task, study.journal.path)
    with closing(study.journal), Interruption() as interruption:

        def stopped() -> bool:
            return interruption.received is not None or os.getppid() != parent

        worker = Worker(folder, study, around, stopped, lambda: interruption.at_once(_nothing))
        for _ in worker.run():
            pass
        return interruption.exit_code if interruption.received else 0


def _nothing(*_: Any) -> None:
    """The process that was asked by the user says what there is to say."""
