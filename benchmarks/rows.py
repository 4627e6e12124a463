"""Rows on disk: what was measured before stays until it is measured again."""

from __future__ import annotations

import json
from pathlib import Path

from comparison import Row

from netdsl.writing import write_file

STORED = Path(__file__).parent / "results.json"
"""What the tables of docs/performance.md show."""


def key(row: Row) -> tuple[str, ...]:
    """What makes a row take the place of another."""
    return tuple(str(row[name]) for name in ("part", "network", "batch", "threads", "implementation"))


def merged(old: list[Row], new: list[Row]) -> list[Row]:
    """The old rows, those measured again in their places, then those that are new.

    Their numbers are rounded, so that a page made of them shows what one made from the file would.
    """
    rows = {key(row): row for row in old}
    rows.update({key(row): {name: rounded(value) for name, value in row.items()} for row in new})
    return list(rows.values())


def rounded(value: object) -> object:
    """Numbers with six digits, which is more than was measured."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, list):
        return [rounded(entry) for entry in value]
    return value


def read(path: Path) -> list[Row]:
    """The rows of a file; none where there is no file."""
    if not path.exists():
        return []
    found: list[Row] = json.loads(path.read_text(encoding="utf-8"))
    return found


def write(path: Path, rows: list[Row]) -> None:
    """Replace a file at once, so that a session that is cut leaves a whole one; a row is a line."""
    lines = [json.dumps(row) for row in rows]
    write_file(path, [("[\n" + ",\n".join(lines) + "\n]\n").encode()])
