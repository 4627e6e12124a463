"""The networks on a page: summaries of tools, tables, and listings, in the order of the page."""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.formats.listing import read_listings
from netdsl.formats.listing_entries import Entry, LineRole
from netdsl.formats.listing_table_network import table_entries, table_summary
from netdsl.formats.listing_tables import Table, read_tables
from netdsl.formats.listing_totals import Total
from netdsl.formats.summary import Summary
from netdsl.formats.summary_drawing import Drawing
from netdsl.formats.summary_keras import is_keras, read_keras
from netdsl.formats.summary_network import draw, entries_of
from netdsl.formats.summary_torch import is_torchinfo, is_torchsummary, read_torchinfo, read_torchsummary

_MODEL = re.compile(r"Model: [\"'“]?([\w./ -]+?)[\"'”]?\s*\Z")
_GENERIC = re.compile(r"(?:model|sequential|functional)(?:_\d+)?", re.IGNORECASE)
_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*\s*\Z")
_RULE = re.compile(r"[=_-]{10,}")
_BELOW = re.compile(
    r"\s*(?:(?:Total|Trainable|Non-trainable|Optimizer|Input|Forward/backward|Params|Estimated|adds)\b.*|[=_-]{10,}|[└┴─┘]+)?\s*\Z"
)
_FRAME = re.compile(r"[┏┡├└│┃]")


class Found(NamedTuple):
    """A network of a page: its lines, what it is called, and where it is.

    ``drawing`` is None where it comes from no summary.
    """

    title: str
    first: int
    last: int
    entries: list[Entry]
    totals: list[Total]
    summary: Summary | None = None
    drawing: Drawing | None = None
    table: Table | None = None


def networks_of(text: str) -> list[Found]:
    """All networks that a text holds."""
    lines = text.split("\n")
    found: list[Found] = []
    for summary in summaries(lines):
        drawing = draw(summary)
        found.append(
            Found(
                summary.title, summary.first, summary.last, entries_of(drawing, summary), [], summary, drawing
            )
        )
        _blank(lines, summary.first, summary.last)
    for table in read_tables(lines):
        title = _title(lines, 0, table.first - 1)
        summary = table_summary(table, title)
        if table.needs_solving:
            drawing = draw(summary)
            entries = entries_of(drawing, summary)
            found.append(Found(title, table.first, table.last, entries, [], summary, drawing, table))
        else:
            found.append(
                Found(title, table.first, table.last, table_entries(table, summary), [], table=table)
            )
        _blank(lines, table.first, table.last)
    for entries, totals in read_listings("\n".join(lines)):
        if any(entry.role in (LineRole.LAYER, LineRole.BARE) for entry in entries) or (entries and not found):
            first, last = entries[0].number, entries[-1].number
            found.append(Found(_title(lines, 0, first - 1), first, last, entries, totals))
    return sorted(found, key=lambda one: one.first)


def _blank(lines: list[str], first: int, last: int) -> None:
    lines[first - 1 : last] = [""] * (last - first + 1)


def summaries(lines: list[str]) -> list[Summary]:
    """The summaries among the lines of a page, in their order; lines count from 1."""
    found: list[Summary] = []
    number = 0
    while number < len(lines):
        header = lines[number]
        if "Layer (type" not in header:
            number += 1
            continue
        last = _end(lines, number)
        title = _title(lines, found[-1].last if found else 0, number)
        block = _unprefixed(lines[number : last + 1])
        summary = _read(block, number + 1, title)
        if summary is None or not summary.rows:
            number += 1
            continue
        found.append(summary)
        number = summary.last
    return found


def _read(block: list[str], first: int, title: str) -> Summary | None:
    header = block[0]
    if is_torchinfo(header):
        return read_torchinfo(block, first, title)
    if is_torchsummary(header, block[1:]):
        return read_torchsummary(block, first, title)
    return read_keras(block, first, title) if is_keras(header) else None


def _end(lines: list[str], header: int) -> int:
    """The last line of a table and of what stands below it: rules, totals and sizes."""
    ruled = any(_RULE.search(line) and "=" in line for line in lines[header + 1 : header + 4])
    boxed = "┃" in lines[header]
    rules = 0
    last = header
    for number in range(header + 1, len(lines)):
        line = lines[number]
        closed = rules if boxed else rules >= 2
        if "Layer (type" in line or line.lstrip().startswith(("```", "~~~")):
            return last
        if boxed and not rules:
            if not _FRAME.search(line):
                return last
            rules = "└" in line
        elif not boxed and not closed and ruled:
            rules += bool(_RULE.search(line)) and "=" in line
        elif not boxed and not closed and not _BELOW.match(_bare(line)):
            if not line.strip():
                rules = 2
        elif closed and not _BELOW.match(_bare(line)):
            return last
        if line.strip():
            last = number
    return last


def _bare(line: str) -> str:
    return re.sub(r"\A\s*(?:[#>*%]|//)?\s?", "", line)


def _unprefixed(block: list[str]) -> list[str]:
    """Lines without what comes before all of them: a comment sign, a quotation sign, blanks."""
    rule = next((line for line in block if _RULE.search(line) or "┡" in line), block[0])
    found = re.match(r"\s*(?:[#>*%]|//)*\s*", rule)
    prefix = found[0] if found else ""
    signs = prefix.rstrip()
    if not signs:
        shortest = min((len(line) - len(line.lstrip()) for line in block if line.strip()), default=0)
        return [line[min(len(prefix), shortest) :] for line in block]
    return [line[len(prefix) :] if line.startswith(prefix) else line.removeprefix(signs) for line in block]


def _title(lines: list[str], after: int, header: int) -> str:
    """What the lines above call a network: ``Model: "vgg16"``, a name on a line, or the nearest heading."""
    near = 0
    for number in range(header - 1, max(after, header - 40) - 1, -1):
        written = lines[number].strip()
        line = written if written.startswith("#") else _bare(written)
        if (found := _MODEL.search(line)) and not _GENERIC.fullmatch(found[1]):
            return found[1]
        if (found := _HEADING.match(line)) and not line.startswith("# Model"):
            return re.sub(r"[`*_]", "", found[1])
        near += bool(re.search(r"[A-Za-z]", line)) and not _MODEL.search(line)
        if near == 1 and (found := _NAME.fullmatch(line)):
            return found[1]
    return ""


_NAME = re.compile(r"(?:\*\*|__)?([A-Z][\w.+-]*(?: [\w.+()-]+){0,3}?)(?:\*\*|__)?:?")
"""A line that is a name and nothing else."""
