"""Training steps of netdsl against PyTorch and JAX, in one run on one machine.

    python benchmarks/training.py [--json FILE] [--only NETWORK] [--rounds N] [--threads N] [--compiled]

The part of benchmarks/report.py that matters most, for itself; without --compiled against eager
PyTorch alone. Peak memory is the process's largest resident set; what importing the library alone
takes is shown beside it. The time to the first step runs from the start of the process.
"""

from __future__ import annotations

import os
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

from comparison import Row, Settings, compare
from implementations import COMPILED, EAGER, NETDSL, PEERS
from lines import heading, show, versions_line
from machine import command_line
from networks import MAIN, NETWORKS
from rows import merged, write

PART = "training"


def measure(settings: Settings) -> Iterator[list[Row]]:
    """The rows of one network after the other."""
    restarted = (NETDSL, *COMPILED) if settings.restarts else (NETDSL,)
    for name in settings.networks or tuple(NETWORKS):
        task = settings.task(name, NETWORKS[name].batch, training=True)
        yield compare(PART, task, settings.against(PEERS), settings, restarted)


def main() -> None:
    parser = ArgumentParser(description="Training throughput of netdsl against PyTorch.")
    parser.add_argument("--json", metavar="FILE", help="write the rows as JSON")
    parser.add_argument("--only", choices=list(NETWORKS), help=f"one network; else {', '.join(MAIN)}")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--compiled", action="store_true", help="torch.compile too, which takes minutes")
    options = parser.parse_args()
    command = command_line()
    print(heading(command, options.threads))
    networks = (options.only,) if options.only else MAIN
    peers = (*EAGER, *COMPILED) if options.compiled else EAGER
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as cache:
        settings = Settings(networks, peers, options.rounds, options.threads, 0.3, Path(cache), command)
        for found in measure(settings):
            print(show(found), flush=True)
            rows = merged(rows, found)
    print(versions_line(rows))
    if options.json:
        write(Path(options.json), rows)


if __name__ == "__main__":
    main()
