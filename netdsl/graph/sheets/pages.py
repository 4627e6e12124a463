"""What several lines of a sheet say together: tables, and lists below the name of a layer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from netdsl.graph.sheets.lists import Listed, lists_of
from netdsl.graph.sheets.markup import plain
from netdsl.graph.sheets.openings import input_in, scores_again
from netdsl.graph.sheets.prose import kinds_in, says_nothing
from netdsl.graph.sheets.reading import Reading, rate_in, read_line, unknown_in
from netdsl.graph.sheets.spelled import spelled
from netdsl.graph.sheets.tables import Table, tables_of
from netdsl.graph.sheets.words import LONGEST, without_bullet

MOST = 2000
"""Lines of a text that are looked at."""


class Page(NamedTuple):
    """The readings of lines by their number, from 0; ``notes`` say of lines that no layer is made of what
    they are."""

    readings: dict[int, Reading]
    notes: dict[int, str]


def read_page(lines: Sequence[str], taken: frozenset[str] = frozenset()) -> Page:
    """The lines that are read together with others."""
    page = Page({}, {})
    for table in tables_of(lines[:MOST]):
        _read_table(table, taken, page)
    for listed in lists_of(lines[:MOST]):
        _read_list(lines, listed, taken, page)
    for number, line in enumerate(lines[:MOST]):
        if number not in page.readings and len(line) <= LONGEST and (text := rate_in(line)):
            page.readings[number] = Reading(text)
    _read_openings(lines[:MOST], page)
    for number, line in enumerate(lines[:MOST]):
        if number in page.readings or len(line) > LONGEST:
            continue
        drawn = line.strip() and not line.lstrip().startswith("#") and not plain(line)
        if drawn or _is_arrow_head(lines, number):
            page.readings[number] = Reading("")
            page.notes[number] = "is drawn, and names no layer"
        elif introduces(line):
            page.readings[number] = Reading("")
            page.notes[number] = "names no layer and is not read"
    return page


def _is_arrow_head(lines: Sequence[str], number: int) -> bool:
    """Whether a line is a letter that ends the bar above it: ``|`` and ``V``."""
    return number > 0 and lines[number].strip() in ("V", "v") and lines[number - 1].strip() in ("|", "│")


def _read_list(lines: Sequence[str], listed: Listed, taken: frozenset[str], page: Page) -> None:
    reading = read_line(listed.line, taken)
    numbers = (listed.head, *listed.options)
    if reading is None or any(number in page.readings for number in numbers):
        return
    commented = lines[listed.head].lstrip().startswith("#")
    first = listed.options[0] if commented else listed.head
    page.readings[first] = reading
    for number in numbers:
        if number != first and not (commented and number == listed.head):
            page.readings[number] = Reading("")
            page.notes[number] = "is read with the name of its layer"


_WEIGHS = re.compile(r"FC ([0-9]+)|CONV ([0-9]+)")


def _read_table(table: Table, taken: frozenset[str], page: Page) -> None:
    left = (
        f"; what is under {', '.join(f'`{name}`' for name in table.left)} is not read" if table.left else ""
    )
    for number in table.heads:
        page.readings[number] = Reading("")
        page.notes[number] = f"heads the columns of a table{left}" if number == table.heads[0] else ""
    if table.strange:
        page.readings[table.heads[0]] = Reading("", unknown=table.strange[0])
    for number in table.sums:
        page.readings[number] = Reading("")
        page.notes[number] = "adds up the rows of a table, and is not read"
    scores: frozenset[str] = frozenset()
    told: list[tuple[int, Reading]] = []
    for row in table.rows:
        reading = _row(row.line, taken, scores)
        told.append((row.number, reading))
        weighs = _WEIGHS.findall(reading.text)
        if weighs:
            scores = frozenset(filter(None, weighs[-1]))
    if len(told) > 1 and _is_input(told[-1][1]) and not _is_input(told[0][1]):
        text = "\n".join(reading.text for _, reading in reversed(told))
        page.readings[told[0][0]] = Reading(text)
        for number, _ in told[1:]:
            page.readings[number] = Reading("")
            page.notes[number] = "is read from the last row of the table to the first"
        return
    for number, reading in told:
        page.readings[number] = reading
        if not reading.text and not reading.unknown:
            page.notes[number] = "states the output of the layer before"


_HEADING = re.compile(r"[ \t]*#*[ \t]*[^0-9|]*\Z")


def _read_openings(lines: Sequence[str], page: Page) -> None:
    """``# Input shape:`` above ``(128, 128, 3)``."""
    for number in range(len(lines) - 1):
        head, line = lines[number], lines[number + 1]
        if max(len(head), len(line)) > LONGEST or not _HEADING.match(head) or not re.search("[0-9]", line):
            continue
        said = plain(head).strip("#-* \t").rstrip(":").rstrip()
        text = (
            input_in(f"{said}: {without_bullet(plain(line))}")
            if said and number + 1 not in page.readings
            else ""
        )
        if text and read_line(line) is None:
            page.readings[number + 1] = Reading(text)
            if not head.lstrip().startswith("#"):
                page.readings.setdefault(number, Reading(""))
                page.notes.setdefault(number, "heads the line below it")


_INTRODUCES = spelled(
    r"(?:[\w ,'()/:-]*\b(?:following|follows|below|consists?|architecture|layers|structure|network|model"
    r"|summary|overview|configuration|specification)\b[\w ,'()/:-]*)?:?\Z"
)
_COUNTS = spelled(
    r"[\W]*(?:(?:number|no\.?|total|count) (?:of )?(?:number of )?|total )?"
    r"(?:learnable|trainable|total|non-?trainable|model)?~(?:param(?:eter)?s?|weights|flops|macs|connections)\b"
    r"[^:=]*[:=]"
)


def introduces(line: str) -> bool:
    """Whether a line only says that layers follow, ``The network consists of the following layers:``, or
    counts parameters."""
    text = without_bullet(plain(line))
    if _COUNTS.match(text):
        return True
    words = text.rstrip(":").split()
    named = text.endswith(":") or len(words) > 3
    return (
        bool(text)
        and named
        and _INTRODUCES.match(text) is not None
        and says_nothing(text.rstrip(":"), kinds_in("conv fc"), each=True)
    )


def _is_input(reading: Reading) -> bool:
    return reading.text.startswith("input")


def _row(line: str, taken: frozenset[str], scores: frozenset[str]) -> Reading:
    said = re.sub(r"(?<=:)[ \t]*(?:output|channels)(?=[ \t]+[0-9])", "", line)
    if scores_again(said, scores):
        return Reading("")
    return read_line(line, taken, scores) or Reading("", unknown=unknown_in(line, scores) or line)
