"""Source text and places in it: what every diagnostic points at."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of character offsets in a source text."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The smallest span that holds both."""
        return Span(min(self.start, other.start), max(self.end, other.end))


class Source:
    """A text with its name (a path, ``<stdin>`` or ``zoo:lenet``); finds lines and columns.

    Lines and columns count from 1, columns in characters. ``folder`` is where the files lie that the
    text may use; empty where it comes from no file.
    """

    def __init__(self, name: str, text: str, folder: str = "") -> None:
        self.name = name
        self.text = text
        self.folder = folder
        starts = [0]
        position = text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = text.find("\n", position + 1)
        self._line_starts = starts

    @property
    def line_count(self) -> int:
        return len(self._line_starts)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character offset."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line_start(self, number: int) -> int:
        """The offset of the first character of a line."""
        return self._line_starts[number - 1]

    def line(self, number: int) -> str:
        """The text of a line without its line break."""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] - 1 if number < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r")

    def locate(self, span: Span) -> tuple[Source, Span]:
        """The file that a place is in, and the place there."""
        return self, span

    def excerpt(self, span: Span) -> str:
        return self.text[span.start : span.end]


class JoinedSource(Source):
    """A text with the texts of the files that it uses behind it, so that one number names a place
    in any of them."""

    def __init__(self, first: Source) -> None:
        super().__init__(first.name, first.text, first.folder)
        self._parts = [first]
        self._offsets = [0]

    def append(self, part: Source) -> int:
        """Put a text behind the others; returns where it begins."""
        offset = len(self.text) + 1
        self.text = f"{self.text}\n{part.text}"
        self._parts.append(part)
        self._offsets.append(offset)
        return offset

    def locate(self, span: Span) -> tuple[Source, Span]:
        place = bisect_right(self._offsets, span.start) - 1
        offset = self._offsets[place]
        return self._parts[place], Span(span.start - offset, span.end - offset)

    def position(self, offset: int) -> tuple[int, int]:
        source, span = self.locate(Span(offset, offset))
        return source.position(span.start)
