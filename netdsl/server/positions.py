"""Places as editors count them: lines from 0, and code units of UTF-16 in a line, against our offsets.

The Language Server Protocol (3.17, "Position") ends lines at LF, CRLF and CR and at nothing else, as we do;
so a text with CRLF has the same lines as ours, which have LF, and places differ by units and by the
byte-order mark alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netdsl.source import Source, Span


class Position(NamedTuple):
    """A place between two characters: the line, and the code units before it in the line, from 0."""

    line: int
    character: int


class Range(NamedTuple):
    """From one place to another."""

    start: Position
    end: Position


_BEYOND = 0xFFFF
"""Characters above take two code units of UTF-16."""

UNITS = ("utf-16", "utf-8", "utf-32")
"""What a column may count: an editor says which; UTF-16 is what all of them know."""


class Positions:
    """Translates between offsets in the text of a source and positions in the file that an editor shows."""

    def __init__(self, source: Source, units: str = "utf-16") -> None:
        self._source = source
        self.units = units
        self._plain = source.text.isascii() or units == "utf-32"
        self._width = _width_of_utf8 if units == "utf-8" else _width_of_utf16
        self._mark = self._width("\ufeff") if source.text_format.mark else 0

    def position(self, offset: int) -> Position:
        """The position of an offset; those beyond the text are its end."""
        line, column = self._source.position(max(0, min(offset, len(self._source.text))))
        units = column - 1 if self._plain else self._width(self._source.line(line)[: column - 1])
        return Position(line - 1, units + (self._mark if line == 1 else 0))

    def range(self, span: Span) -> Range:
        return Range(self.position(span.start), self.position(max(span.start, span.end)))

    def offset(self, position: Sequence[int]) -> int:
        """The offset of a position; one beyond the end of its line is that end, one beyond the text the end
        of the text, one inside a character the place before it."""
        line, character = position
        if line < 0:
            return 0
        if line >= self._source.line_count:
            return len(self._source.text)
        if line == 0:
            character -= self._mark
        text = self._source.line(line + 1)
        start = self._source.line_start(line + 1)
        if self._plain:
            return start + max(0, min(character, len(text)))
        for index, sign in enumerate(text):
            character -= self._width(sign)
            if character < 0:
                return start + index
        return start + len(text)

    def span(self, start: Sequence[int], end: Sequence[int]) -> Span:
        one, other = self.offset(start), self.offset(end)
        return Span(min(one, other), max(one, other))


def _width_of_utf16(text: str) -> int:
    return len(text) + sum(ord(sign) > _BEYOND for sign in text)


def _width_of_utf8(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
