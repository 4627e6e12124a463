"""Tests where vectors have another width, which is fixed when the backend is loaded: in other processes.

A process for each width stays and runs one choice of tests after the other, so that pytest, Numba and the
words of kernels are loaded once. It ends with the process that it works for.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys

import pytest


class Widths:
    """Such processes, each started when it is first needed."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[str]] = {}

    def check(self, file: str, width: str, chosen: str) -> str:
        """Run the chosen tests of a file, which all have to pass; what pytest printed."""
        if width not in self._processes:
            self._processes[width] = _started(width)
        process = self._processes[width]
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([file, chosen]) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, f"the process for vectors of {width} numbers ended with {process.wait()}"
        code, printed = json.loads(answer)
        assert code == 0, printed[-3000:]
        return str(printed)

    def close(self) -> None:
        for process in self._processes.values():
            process.communicate()


def _started(width: str) -> subprocess.Popen[str]:
    # Without plugins, which cannot be loaded twice.
    environment = {**os.environ, "NETDSL_VECTOR_WIDTH": width, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, __file__], env=environment, stdin=pipe, stdout=pipe, text=True)


def _run(file: str, chosen: str) -> tuple[int, str]:
    out = io.StringIO()
    arguments = ["-q", "-x", "-p", "no:cacheprovider", "-o", "addopts=--strict-markers", file, "-k", chosen]
    with contextlib.redirect_stdout(out):
        code = pytest.main(arguments)
    return int(code), out.getvalue()


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(_run(*json.loads(line))), flush=True)
