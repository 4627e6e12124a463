"""Reads what Keras prints of a model: the lines of Keras 1 and 2, the boxes of Keras 3.

 conv2d (Conv2D)             (None, 26, 26, 32)        320
│ conv2d (Conv2D)                 │ (None, 26, 26, 32)     │           320 │
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from netdsl.formats.summary import Row, Summary, plain_count, shape_volume

_HEADINGS = ("Layer (type)", "Output Shape", "Param #", "Connected to", "Trainable")
_NAMED = re.compile(r"(\S+?)\s*\(([A-Za-z_][\w.]*)(?:…?\)?)\Z")
_REFERENCE = re.compile(r"([A-Za-z_][\w./-]*)[\[\]\d]*")
_RULE = re.compile(r"[\s_=]*\Z")
_TOTAL = re.compile(r"\s*Total params:\s*([\d,]+)")


class _Cells(NamedTuple):
    """The cells of one layer, those of its lines together."""

    number: int
    cells: list[str]


def is_keras(header: str) -> bool:
    """Whether a line is the header of a Keras table."""
    return "Layer (type)" in header and "Output Shape" in header and "Param #" in header


def read_keras(lines: list[str], first: int, title: str) -> Summary:
    """A Keras table; ``lines`` begin with its header, which is line ``first`` of the text."""
    boxed = "┃" in lines[0] or "│" in lines[0]
    headings = [heading for heading in _HEADINGS if heading in lines[0]]
    records = _boxed(lines, first) if boxed else _ruled(lines, first, headings)
    connected = headings.index("Connected to") if "Connected to" in headings else 0
    rows = [row for record in records if (row := _row(record, connected)) is not None]
    if _has_channels_first(rows):
        rows = [row._replace(output=shape_volume(row.shape, channels_first=True)) for row in rows]
    summary = Summary("Keras", title, first, first + len(lines) - 1, tuple(rows))
    for number, line in enumerate(lines, first):
        if found := _TOTAL.match(line):
            return summary._replace(total=plain_count(found[1]), total_number=number)
    return summary


def _has_channels_first(rows: list[Row]) -> bool:
    """Whether pools keep the first extent and change the last: Keras may run with channels first."""
    for before, row in pairwise(rows):
        pools = "pooling2d" in f"{row.layer}{row.name}".lower().replace("_", "")
        if pools and before.output is not None and row.output is not None and not row.output.vector:
            return before.output.height == row.output.height and before.output.channels > row.output.channels
    return False


def _boxed(lines: list[str], first: int) -> list[_Cells]:
    """The layers between rules of a box."""
    records: list[_Cells] = []
    fresh = True
    for number, line in enumerate(lines[1:], first + 1):
        if "│" not in line:
            fresh = True
            continue
        cells = [cell.strip() for cell in line.split("│")[1:-1]]
        if fresh or not records:
            records.append(_Cells(number, cells))
        else:
            _join(records[-1], cells)
        fresh = False
    return records


def _ruled(lines: list[str], first: int, headings: list[str]) -> list[_Cells]:
    """The layers of a table without a box: cells begin where their headings do, and a cell that is too
    long continues below. A line that states a shape and a count begins a layer."""
    starts = [lines[0].find(heading) for heading in headings]
    starts[0] = 0
    records: list[_Cells] = []
    for number, line in enumerate(lines[1:], first + 1):
        if _TOTAL.match(line):
            break
        if _RULE.match(line):
            continue
        cells = _sliced(line, starts)
        if cells[0] and len(cells) > 2 and re.match(r"[\d,]+(?:\s|\Z)|multiple|\?", cells[2]):
            records.append(_Cells(number, cells))
        elif records:
            _join(records[-1], cells)
    return records


def _sliced(line: str, starts: list[int]) -> list[str]:
    """The cells of a line; one that fills its column pushes the next ones on."""
    cells: list[str] = []
    begin = 0
    for start in (*starts[1:], len(line)):
        end = min(max(start, begin), len(line))
        while begin < end < len(line) and line[end - 1] != " ":
            end += 1
        cells.append(line[begin:end].strip())
        begin = end
    return cells


_COMPLETE = (",", "]", "'", "…")


def _join(record: _Cells, cells: list[str]) -> None:
    """What continues below: words are cut anywhere, shapes and lists after a comma."""
    for column, more in enumerate(cells[: len(record.cells)]):
        if more:
            before = record.cells[column]
            blank = " " if before.endswith(_COMPLETE) or (column == 0 and more.startswith("(")) else ""
            record.cells[column] = f"{before}{blank}{more}"


def _row(record: _Cells, connected: int) -> Row | None:
    named = _NAMED.match(record.cells[0]) if len(record.cells) > 2 else None
    if named is None:
        return None
    shape = record.cells[1]
    sources = None
    if connected and connected < len(record.cells):
        sources = tuple(found[1] for found in _REFERENCE.finditer(record.cells[connected]))
    counted = record.cells[2]
    return Row(
        record.number,
        named[2],
        named[1],
        shape=shape,
        output=shape_volume(shape.replace("[(", "("), channels_first=False),
        parameters=plain_count(counted),
        sources=sources,
    )
