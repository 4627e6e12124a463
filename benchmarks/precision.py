"""Training steps in bfloat16 against those in float32, in one process: ``python benchmarks/precision.py``.

    python benchmarks/precision.py [--json FILE] [--only NETWORK] [--rounds N] [--threads N]

Both take turns; the median of the ratios is reported. ``--only`` takes the names of
``report.py``, several with commas.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from statistics import median
from typing import Any

from implementations import Netdsl, Task
from machine import busy_processors, command_line, machine
from networks import NETWORKS

from netdsl.measuring.rounds import take_turns
from netdsl.quantities import PRECISIONS
from netdsl.writing import write_file

DEFAULT = "alexnet,vgg16,resnet50"


def measure(name: str, threads: int, rounds: int) -> dict[str, Any]:
    """Milliseconds of a step in each precision, and how many times as fast bfloat16 is."""
    task = Task(name, NETWORKS[name].batch, threads, training=True)
    contestants = {precision: Netdsl(task, precision) for precision in PRECISIONS}
    for contestant in contestants.values():
        contestant.setup()
    found = list(take_turns({name: contestant.step for name, contestant in contestants.items()}, rounds))
    return {
        "network": name,
        "batch": task.batch,
        "threads": threads,
        "milliseconds": {name: 1000 * median(turn[name] for turn in found) for name in PRECISIONS},
        "ratio": median(turn["float32"] / turn["bf16"] for turn in found),
        "versions": contestants["bf16"].versions(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Training in bfloat16 against float32.")
    parser.add_argument("--json", metavar="FILE", help="write the rows as JSON")
    parser.add_argument("--only", metavar="NETWORK", default=DEFAULT, help=f"some of {','.join(NETWORKS)}")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    names = options.only.split(",")
    unknown = [name for name in names if name not in NETWORKS]
    if unknown:
        parser.error(f"no such network: {', '.join(unknown)}; there are {', '.join(NETWORKS)}")
    print("command:", command_line())
    print("machine:", machine(), f"({options.threads} threads, {busy_processors()} processors busy before)")
    rows = []
    for name in names:
        rows.append(measure(name, options.threads, options.rounds))
        spent = rows[-1]["milliseconds"]
        print(
            f"{NETWORKS[name].title:24} batch {rows[-1]['batch']:3}  float32 {spent['float32']:8.2f} ms"
            f"  bf16 {spent['bf16']:8.2f} ms  {rows[-1]['ratio']:.2f}x",
            flush=True,
        )
    print("versions:", ", ".join(f"{name} {version}" for name, version in rows[0]["versions"].items()))
    if options.json:
        result = {"machine": machine(), "rows": rows}
        write_file(Path(options.json), [(json.dumps(result, indent=2) + "\n").encode()])


if __name__ == "__main__":
    main()
