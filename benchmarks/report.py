"""Measures netdsl against PyTorch and JAX, and writes the tables of docs/performance.md.

    python benchmarks/report.py [--part PART,...] [--only NETWORK] [--quick] [--json FILE]
                                [--against NAME,...] [--rounds N] [--threads N] [--cache FOLDER]
                                [--tables-only]

All figures of the tables are in benchmarks/results.json, where a row that is measured again takes
the place of the old one. File and page are written after every network, so that what was measured
stays when a session is cut. --cache keeps what torch.compile made, which takes most of the time, for
the next run. --quick measures the three main networks with few rounds and leaves
page and results alone unless --write is given.
"""

from __future__ import annotations

import os
import tempfile
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

import first_steps
import inference
import sweeps
import tables
import training
from comparison import Row, Settings
from implementations import PEERS
from lines import absent, heading, show, versions_line
from machine import command_line
from networks import MAIN, NETWORKS
from rows import STORED, merged, read, write

from netdsl.writing import write_file

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"

PARTS: dict[str, Callable[[Settings], Iterator[list[Row]]]] = {
    training.PART: training.measure,
    inference.PART: inference.measure,
    sweeps.BATCH_PART: sweeps.measure_batches,
    sweeps.THREADS_PART: sweeps.measure_threads,
    first_steps.PART: first_steps.measure,
}

QUICK_PARTS: dict[str, Callable[[Settings], Iterator[list[Row]]]] = {
    training.PART: training.measure,
    inference.PART: inference.measure_latency,
}

ROUNDS, QUICK_ROUNDS = 15, 5
SECONDS, QUICK_SECONDS = 0.5, 0.3


def names(text: str, known: tuple[str, ...], option: str) -> tuple[str, ...]:
    """Words between commas; SystemExit for one that is not known."""
    found = tuple(word.strip() for word in text.split(","))
    for word in found:
        if word not in known:
            raise SystemExit(f"{option}: {word!r} is none of {', '.join(known)}")
    return found


def parsed() -> Namespace:
    parser = ArgumentParser(description="Measure netdsl against PyTorch and JAX.")
    parser.add_argument("--part", help=f"some of {','.join(PARTS)}; all by default")
    parser.add_argument("--only", metavar="NETWORK", help=f"some of {','.join(NETWORKS)}")
    parser.add_argument("--quick", action="store_true", help="the three main networks, under ten minutes")
    parser.add_argument("--against", metavar="NAME", help=f"some of {','.join(PEERS)}")
    parser.add_argument("--rounds", type=int, help=f"{ROUNDS} by default, {QUICK_ROUNDS} with --quick")
    parser.add_argument("--torch-sgd", choices=["fused", "default"], default="fused")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows of this run as JSON")
    parser.add_argument("--rows", type=Path, default=STORED, metavar="FILE", help="the stored rows")
    parser.add_argument("--page", type=Path, default=PAGE, metavar="FILE", help="the page with the tables")
    parser.add_argument("--write", action=BooleanOptionalAction, help="write page and stored rows")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="compiled code of earlier runs is here")
    parser.add_argument("--tables-only", action="store_true", help="write the page from the stored rows")
    return parser.parse_args()


def measure(options: Namespace, cache: Path) -> Iterator[list[Row]]:
    """The rows that are asked for, network by network."""
    quick = options.quick
    parts = QUICK_PARTS if quick else PARTS
    peers = names(options.against, PEERS, "--against") if options.against else None
    for line in absent(peers or PEERS):
        print(line)
    settings = Settings(
        networks=names(options.only, tuple(NETWORKS), "--only") if options.only else MAIN if quick else None,
        peers=peers,
        rounds=options.rounds or (QUICK_ROUNDS if quick else ROUNDS),
        threads=options.threads,
        seconds=QUICK_SECONDS if quick else SECONDS,
        cache=cache,
        command=command_line(),
        restarts=not quick,
        fused=options.torch_sgd == "fused",
    )
    for part in names(options.part, tuple(parts), "--part") if options.part else tuple(parts):
        yield from parts[part](settings)


def write_page(path: Path, stored: list[Row]) -> None:
    page = path.read_text(encoding="utf-8")
    write_file(path, [tables.replaced(page, stored).encode()])


def main() -> None:
    options = parsed()
    writes = options.write if options.write is not None else not options.quick
    stored: list[Row] = read(options.rows)
    rows: list[Row] = []
    if (writes or options.tables_only) and not options.page.is_file():
        raise SystemExit(f"there is no page {options.page}: --no-write measures without one")
    if options.tables_only:
        write_page(options.page, stored)
    else:
        print(heading(command_line(), options.threads))
        with tempfile.TemporaryDirectory() as cache:
            for found in measure(options, options.cache or Path(cache)):
                print(show(found), flush=True)
                rows = merged(rows, found)
                stored = merged(stored, found)
                if writes:
                    write(options.rows, stored)
                    write_page(options.page, stored)
                if options.json:
                    write(options.json, rows)
        print(versions_line(rows))
        for name, (part, _) in tables.TABLES.items():
            if any(row["part"] == part for row in rows):
                print(f"\n{name}\n\n{tables.rendered(name, rows)}")


if __name__ == "__main__":
    main()
