"""The tables of docs/performance.md are rendered from rows; nothing is timed here."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import tables
from first_steps import COMMAND
from implementations import Task
from machine import command_line
from networks import NETWORKS, load
from processes import Failure, Process
from rows import STORED, merged, read, write

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EAGER_ONLY = " (PyTorch eager only)"
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
PAGES = {"performance.md": STORED, "performance-avx2.md": ROOT / "benchmarks" / "results-avx2.json"}


def row(implementation: str, part: str = "training", **more: object) -> dict[str, object]:
    """A row of LeNet's."""
    named = {"part": part, "network": "lenet", "batch": 64, "threads": 2, "implementation": implementation}
    return {**named, "machine": "a machine, 2 cores", "command": "", "versions": {"torch": "2.13.0"}} | more


ROWS = [
    row("netdsl", milliseconds_per_step=1.5, peak_bytes=150 * 2**20, rounds_milliseconds=[1.4, 1.5, 1.6]),
    row("torch-nchw", milliseconds_per_step=6.0, peak_bytes=300 * 2**20, ratio=4.1),
    row("torch-channels_last", milliseconds_per_step=4.5, peak_bytes=310 * 2**20, ratio=3.04),
    row("torch-nchw-compiled", failure="no C++ compiler"),
    row("jax", milliseconds_per_step=1234.5, peak_bytes=400 * 2**20, ratio=823.0),
]


@pytest.mark.parametrize(("page", "rows"), PAGES.items())
def test_page_shows_the_stored_rows(page: str, rows: Path) -> None:
    shown = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert tables.replaced(shown, read(rows)) == shown, "run python benchmarks/report.py --tables-only"
    assert "Not measured" not in shown


def test_the_page_has_every_table() -> None:
    assert all(f"<!-- table: {name} -->" in PAGE for name in tables.TABLES)


def test_the_first_page_shows_the_stored_rows() -> None:
    """Each number of README's table is that of the rows, rounded to the digits it shows."""
    stored = [row for row in read(STORED) if row["part"] == "training"]
    lines = [line for line in README.splitlines() if line.startswith("| ") and line.count(" MiB |") == 1]
    assert len(lines) >= 6
    for line in lines:
        title, _, *shown = (cell.strip() for cell in line.strip("|").split("|"))
        rows = [
            row for row in stored if NETWORKS[str(row["network"])].title == title.removesuffix(EAGER_ONLY)
        ]
        ours = next(row for row in rows if row["implementation"] == "netdsl")
        peers = [row for row in rows if str(row["implementation"]).startswith("torch") and "ratio" in row]
        best = min(peers, key=lambda row: row["ratio"])
        least = min(peers, key=lambda row: row["peak_bytes"])
        starts = min(row["first_step_seconds_warm"] for row in peers if "first_step_seconds_cold" not in row)
        wanted = [ours["milliseconds_per_step"], best["milliseconds_per_step"], best["ratio"]]
        wanted += [ours["peak_bytes"] / 2**20, least["peak_bytes"] / 2**20]
        wanted += [ours["first_step_seconds_warm"], starts]
        numbers = re.findall(r"[\d,.]*\d", " ".join(shown))
        assert len(numbers) == len(wanted), line
        for number, value in zip(numbers, wanted, strict=True):
            digits = len(number.partition(".")[2])
            assert float(number.replace(",", "")) == round(value, digits), (line, number, value)


def test_a_page_from_new_rows_is_that_from_the_file(tmp_path: Path) -> None:
    """2.4549999 is 2.45 in two digits, but is stored as 2.455, which is 2.46."""
    rows = merged(ROWS, [row("jax", milliseconds_per_step=10.0, peak_bytes=2**20, ratio=2.4549999)])
    write(tmp_path / "rows.json", rows)
    assert tables.rendered("training", rows) == tables.rendered("training", read(tmp_path / "rows.json"))


def test_stored_command_names_no_folder_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks/report.py", "--json", str(tmp_path / "rows.json")])
    assert command_line() == "python benchmarks/report.py --json rows.json"
    for stored in PAGES.values():
        assert not [row["command"] for row in read(stored) if " /" in row["command"]]


def test_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="markers"):
        tables.replaced(PAGE.replace("<!-- table: memory -->", ""), [])


def test_training_table() -> None:
    assert tables.rendered("training", ROWS).splitlines() == [
        "| network | batch | netdsl, ms a step | fastest PyTorch | ms a step | ratio | netdsl, peak MiB"
        " | PyTorch, least peak MiB | memory | JAX |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| LeNet-5 | 64 | 1.50 | channels_last | 4.50 | 3.04x | 150 | 300 | 0.50x | 823.00x |",
        "",
        "LeNet-5, batch 64, PyTorch compiled, NCHW: `no C++ compiler`.",
        "",
        "`python benchmarks/report.py --part training` on a machine, 2 cores; torch 2.13.0. 3 rounds.",
    ]


def test_table_of_every_implementation() -> None:
    line = tables.rendered("training-times", ROWS).splitlines()[2]
    assert line == "| LeNet-5 | 64 | 1.50 | 6.00 | 4.50 | – | – | 1,234 |"


def test_table_of_threads() -> None:
    one = row("netdsl", "threads", milliseconds_per_step=2.0) | {"threads": 1}
    lines = tables.rendered(
        "threads", [row("netdsl", "threads", milliseconds_per_step=1.0), one]
    ).splitlines()
    assert lines[0] == "| network, ms a step | 1 thread | 2 threads | speed-up |"
    assert lines[2] == "| LeNet-5, netdsl | 2.00 | 1.00 | 2.00x |"


def test_table_of_first_steps() -> None:
    found = row(COMMAND, "first-step", first_step_seconds_cold=8.04, first_step_seconds_warm=0.612)
    assert tables.rendered("first-step", [found]).splitlines()[2] == (
        "| LeNet-5, `netdsl train` | 8.04 | – | 0.612 |"
    )


def test_busy_machine_is_told() -> None:
    assert "Other programs took up to 1.5 processors." in tables.rendered(
        "training", [row("netdsl", milliseconds_per_step=1.0, busy_processors=1.5)]
    )


def test_row_measured_again_takes_the_place_of_the_old(tmp_path: Path) -> None:
    again = row("torch-nchw", milliseconds_per_step=5.123456789)
    rows = merged(ROWS, [again])
    assert [r["implementation"] for r in rows] == [r["implementation"] for r in ROWS]
    path = tmp_path / "rows.json"
    write(path, rows)
    assert read(path)[1]["milliseconds_per_step"] == 5.12346
    assert len(json.loads(path.read_text())) == len(ROWS)
    assert read(tmp_path / "absent.json") == []


@pytest.mark.parametrize("name", NETWORKS)
def test_measured_network_checks(name: str) -> None:
    assert load(NETWORKS[name].path).output.channels >= 10


def test_failing_implementation_gives_its_reason(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="KeyError"):
        Process("netdsl", Task("no such network", 1, 1, training=True), tmp_path)
