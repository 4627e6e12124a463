"""How long commands take from the shell to their answer: ``python benchmarks/starting.py``.

Whole processes, in turns, so that a slow phase of the machine meets all of them: Python alone, Python
with click, and ``netdsl check`` of a shipped network. Prints the best and the median of each in
milliseconds; ``--json`` prints rows of {command, best_milliseconds, median_milliseconds, versions}.
Bytecode is kept in a folder of the benchmark's own, as it is after a normal installation.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version

COMMANDS = {
    "python": ["-c", "pass"],
    "python, import click": ["-c", "import click"],
    "netdsl --version": ["-m", "netdsl.commands", "--version"],
    "netdsl check lenet": ["-m", "netdsl.commands", "check", "lenet"],
    "netdsl check resnet50": ["-m", "netdsl.commands", "check", "resnet50"],
}


def _milliseconds(arguments: list[str], environment: dict[str, str]) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True, env=environment)
    return (time.perf_counter() - begin) * 1e3


def measure(rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each command, one a round; a round before the first fills the caches."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for turn in range(rounds + 1):
            for name, arguments in COMMANDS.items():
                spent = _milliseconds(arguments, environment)
                if turn:
                    taken[name].append(spent)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    versions = {"python": platform.python_version(), "netdsl": version("netdsl"), "click": version("click")}
    rows = [
        {
            "command": name,
            "best_milliseconds": round(min(taken), 1),
            "median_milliseconds": round(statistics.median(taken), 1),
            "versions": versions,
        }
        for name, taken in measure(asked.rounds).items()
    ]
    if asked.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{platform.machine()}, {os.cpu_count()} cores, {asked.rounds} rounds, {versions}")
    for row in rows:
        best, median = row["best_milliseconds"], row["median_milliseconds"]
        print(f"{row['command']:24} best {best:6.1f} ms   median {median:6.1f} ms")


if __name__ == "__main__":
    main()
