"""Fits text into the columns of a terminal: lines are folded at blanks, names shortened in the middle, and
columns of tables left out. A figure is never cut."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from netdsl.reports.display import columns

GLUE = "\u00a0"
"""A blank at which no line is folded. Visible text has none of its own."""

_ELLIPSIS = "…"
_GAP = 2
"""Columns between those of a table."""

_CODE = 4
"""Blanks before lines that are formulas and examples, not prose."""

_FULL = 84
"""Columns that only lines of a paragraph have."""

_NO_PROSE = ("#", "|", "- ", "* ", "```")


def wrapped(text: str, width: int | None, indent: str = "  ", *, used: int = 0) -> list[str]:
    """One line folded at blanks into lines of at most ``width`` columns, all but the first with ``indent``.

    ``used`` columns of the first line are taken already. Words wider than a line, such as paths, stay whole.
    A width of None folds nothing. Blanks within a line stay as they are, ``GLUE`` becomes a blank.
    """
    if width is None or used + columns(text) <= width:
        return [text.replace(GLUE, " ")]
    lines, line, filled = [], "", used
    blanks = text[: len(text) - len(text.lstrip(" "))]
    for word in text.lstrip(" ").replace(" %", f"{GLUE}%").split(" "):
        if not word:
            blanks += " "
            continue
        taken = filled + columns(blanks) + columns(word)
        if taken > width and (line.strip() or filled > len(indent)):
            lines.append(line)
            line, filled, blanks = indent, len(indent), ""
            taken = filled + columns(word)
        line, filled, blanks = f"{line}{blanks}{word}", taken, " "
    return [one.replace(GLUE, " ").rstrip() for one in (*lines, line)]


def folded_text(text: str, width: int | None, *, markdown: bool = False) -> str:
    """Text of several lines, none wider than ``width``.

    What does not fit into a line of a paragraph goes to the next line; else it becomes a separate line,
    below where the words of the line begin. In Markdown lines indented by four blanks are no paragraphs.
    """
    if width is None:
        return text
    lines, carried, fenced = [], "", False
    written = text.split("\n")
    for index, line in enumerate(written):
        body = line.lstrip(" ")
        margin = line[: len(line) - len(body)]
        fenced ^= body.startswith("```")
        hanging = " " * _hanging(line, width)
        folded = wrapped(f"{margin}{carried} {body}" if carried else line, width, hanging)
        carried = ""
        following = written[index + 1] if index + 1 < len(written) else ""
        verbatim = fenced or index == 0 or (markdown and len(margin) >= _CODE)
        if len(folded) > 1 and not verbatim and _goes_on(line, following, hanging):
            carried = folded.pop().lstrip(" ")
        lines += folded
    return "\n".join(lines)


def _hanging(line: str, width: int) -> int:
    """Blanks before what is folded of a line: its own, or more where it is an item or the row of a table."""
    body = line.lstrip(" ")
    margin = len(line) - len(body)
    if body.startswith(("- ", "* ")):
        return margin + 2
    row = _ROW.match(body)
    return margin + row.end() if row and margin + row.end() <= width // 2 else margin


_ROW = re.compile(r"\S+(?: \S+){0,2} {2,}(?=\S)")
"""The first cell of a row, and the blanks after it."""


def _goes_on(line: str, following: str, margin: str) -> bool:
    """Whether a line belongs to the paragraph of the one before: that is as long as authors make lines, or
    ends in no stop while the next begins small."""
    body = following.removeprefix(margin)
    if not following.startswith(margin) or body[:1] in ("", " ") or body.startswith(_NO_PROSE):
        return False
    if "  " in body or "  " in line.lstrip(" "):
        return False
    return columns(line) >= _FULL or (line[-1] not in ".:;" and body[0].islower())


def shortened(text: str, width: int) -> str:
    """Text of at most ``width`` columns, which keeps its beginning and its end: ``conv_br…_3x3``. A figure in
    it is there as a whole or not at all."""
    if columns(text) <= width:
        return text
    half = width // 2
    begin = text[: _count(text, half)]
    reverse = text[::-1]
    end = reverse[: _count(reverse, width - 1 - half)][::-1]
    return f"{begin}{_ELLIPSIS}{end}"


def abridged(text: str, width: int) -> str:
    """Text of at most ``width`` columns, which loses whole words at its end: ``CONV 32 3x3 …``."""
    if columns(text) <= width:
        return text
    begin = text[: _count(text, width - 2) + 1].rpartition(" ")[0].rstrip()
    return f"{begin} {_ELLIPSIS}" if begin else shortened(text, width)


_FIGURE = frozenset("0123456789.,x")
"""What figures and sizes consist of."""


def _count(text: str, width: int) -> int:
    """How many characters at the beginning fit into a width and break no figure."""
    taken = end = 0
    while end < len(text) and taken + (one := columns(text[end])) <= width:
        taken, end = taken + one, end + 1
    while breaks_figure(text, end):
        end -= 1
    return end


def breaks_figure(text: str, offset: int) -> bool:
    """Whether a cut before a character goes through a figure or a size."""
    return 0 < offset < len(text) and text[offset - 1] in _FIGURE and text[offset] in _FIGURE


class Shape(NamedTuple):
    """What may become of a column where a table is too wide: its texts are shortened to ``least`` columns,
    none where they are figures (0), and columns with a ``rank`` are left out, the highest first."""

    least: int = 0
    rank: int = 0


FIGURES = Shape()


def fitted(widths: Sequence[int], shapes: Sequence[Shape], width: int | None) -> list[int]:
    """The widths of the columns of a table that has to fit into ``width``; 0 for those left out."""
    left = list(widths)
    if width is None:
        return left
    while _total(left) - _slack(left, shapes) > width:
        ranked = [(shape.rank, column) for column, shape in enumerate(shapes) if shape.rank and left[column]]
        if not ranked:
            break
        left[max(ranked)[1]] = 0
    while _total(left) > width:
        widest = max(range(len(left)), key=lambda column: bool(_spare(left, shapes, column)) * left[column])
        if not _spare(left, shapes, widest):
            break
        left[widest] -= 1
    return left


def _spare(widths: Sequence[int], shapes: Sequence[Shape], column: int) -> int:
    least = shapes[column].least
    return max(widths[column] - least, 0) if least else 0


def _slack(widths: Sequence[int], shapes: Sequence[Shape]) -> int:
    return sum(_spare(widths, shapes, column) for column in range(len(widths)))


def _total(widths: Sequence[int]) -> int:
    shown = [width for width in widths if width]
    return sum(shown) + _GAP * (len(shown) - 1)
