"""A running implementation, asked from outside."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from implementations import Task

WORKER = Path(__file__).parent / "worker.py"
ROOT = WORKER.parent.parent

PATIENCE_SECONDS = 2400.0
"""How long an answer may take; torch.compile needs many minutes for DenseNet."""


class Failure(Exception):
    """Why an implementation has no result, in a line."""


def environment(cache: Path) -> dict[str, str]:
    """That of a process whose compiled code is kept in ``cache`` and nowhere else."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(paths),
        "NETDSL_CACHE": str(cache / "netdsl"),
        "TORCHINDUCTOR_CACHE_DIR": str(cache / "torch"),
        "NETDSL_BENCHMARK_START": repr(time.time()),
    }


class Process:
    """An implementation in a process of its own, after its first step.

    ``facts`` are what worker.py tells: first_step_seconds, versions, imported_bytes. Raises Failure,
    as every question does.
    """

    def __init__(self, name: str, task: Task, cache: Path) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the process)
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), name, json.dumps(task._asdict())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment(cache),
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.facts = self._answer()

    def milliseconds(self, seconds: float) -> float:
        """Of a step, the mean over as many as fill ``seconds``."""
        self._say(repr(seconds))
        return float(self._answer())

    def peak_bytes(self) -> int:
        """The largest memory it has had so far."""
        self._say("peak")
        return int(self._answer())

    @property
    def number(self) -> int:
        """By which the system knows it."""
        return self._process.pid

    def stop(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self.kill()

    def kill(self) -> None:
        """End it, however it fares; does no harm after its end."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for file in (self._process.stdin, self._process.stdout, self._errors):
            assert file is not None
            with suppress(BrokenPipeError):
                file.close()

    def _listen(self) -> None:
        """Every line of the process, then one that is empty."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _say(self, text: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(text + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Failure(self._end()) from None

    def _answer(self) -> Any:
        try:
            line = self._lines.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            self.kill()
            raise Failure(f"no answer in {PATIENCE_SECONDS:.0f} s") from None
        if not line:
            raise Failure(self._end())
        answer = json.loads(line)
        if isinstance(answer, dict) and "failure" in answer:
            self.kill()
            raise Failure(answer["failure"])
        return answer

    def _end(self) -> str:
        """What is known of a process that ended by itself."""
        code = self._process.wait()
        self._errors.seek(0)
        told = self._errors.read().decode(errors="replace").strip().splitlines()
        self.kill()
        ended = f"ended by signal {-code}" if code < 0 else f"ended with code {code}"
        return f"{ended}: {told[-1][:300]}" if told else ended
