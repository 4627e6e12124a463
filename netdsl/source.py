"""Source text and places in it: what every diagnostic points at."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of character offsets in a source text."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The smallest span that holds both."""
        start, end = self
        other_start, other_end = other
        return Span(start if start < other_start else other_start, end if end > other_end else other_end)


class TextFormat(NamedTuple):
    """How a file spells its text: what ends its lines, and whether a byte-order mark begins it."""

    newline: str = "\n"
    mark: bool = False

    def dressed(self, text: str) -> str:
        """A text as the file spells it."""
        return ("\ufeff" if self.mark else "") + text.replace("\n", self.newline)


_PLAIN = TextFormat()
_NOTHING: Mapping[str, str] = {}


def undressed(written: str) -> tuple[str, TextFormat]:
    """A text with ``\\n`` for every line end and without a byte-order mark, and the format it was found in.

    Lines end in LF, CRLF or CR; of different ones in a text the most frequent is its format.
    """
    text = written.removeprefix("\ufeff")
    both = text.count("\r\n")
    counts = {"\n": text.count("\n") - both, "\r\n": both, "\r": text.count("\r") - both}
    newline = max(counts, key=lambda end: counts[end])
    return text.replace("\r\n", "\n").replace("\r", "\n"), TextFormat(newline, text != written)


class Seen(NamedTuple):
    """What a text has had looked up outside itself: the path that it asked for, the path that this led to
    with links resolved, and what the file held, where it was read.

    ``found`` is empty where looking again may come to something else for more reasons than these.
    """

    asked: str
    found: str
    content: bytes | None = None


class Source:
    """A text with its name (a path, ``<stdin>`` or ``zoo:lenet``); finds lines and columns.

    Lines and columns count from 1, columns in characters. ``folder`` is where the files lie that the
    text may use; empty where it comes from no file. ``text_format`` is how the file spells the text.
    ``seen`` collects what else was looked at to check it.
    ``unsaved`` are texts that count in place of those of files, by their real path: what an editor holds.
    """

    def __init__(
        self,
        name: str,
        text: str,
        folder: str = "",
        text_format: TextFormat = _PLAIN,
        unsaved: Mapping[str, str] = _NOTHING,
    ) -> None:
        self.name = name
        self.text = text
        self.folder = folder
        self.text_format = text_format
        self.seen: list[Seen] = []
        self.unsaved = unsaved
        starts = [0]
        position = text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = text.find("\n", position + 1)
        self._line_starts = starts

    def with_text(self, text: str) -> Source:
        """The same file with another text."""
        return Source(self.name, text, self.folder, self.text_format, self.unsaved)

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
        return self.text[start:end]

    def locate(self, span: Span) -> tuple[Source, Span]:
        """The file that a place is in, and the place there."""
        return self, span

    def excerpt(self, span: Span) -> str:
        return self.text[span.start : span.end]


class JoinedSource(Source):
    """A text with the texts of the files that it uses after it, so that one number names a place
    in any of them."""

    def __init__(self, first: Source) -> None:
        super().__init__(first.name, first.text, first.folder, first.text_format, first.unsaved)
        self.seen = first.seen
        self._parts = [first]
        self._offsets = [0]
        self._end = len(first.text)

    @property
    def parts(self) -> list[tuple[int, Source]]:
        """Where each text begins, and the text."""
        return list(zip(self._offsets, self._parts, strict=True))

    def append(self, part: Source) -> int:
        """Put a text after the others; returns where it begins."""
        offset = self._end + 1
        self._end = offset + len(part.text)
        self._parts.append(part)
        self._offsets.append(offset)
        return offset

    def excerpt(self, span: Span) -> str:
        source, own_span = self.locate(span)
        return source.text[own_span.start : own_span.end]

    def locate(self, span: Span) -> tuple[Source, Span]:
        index = bisect_right(self._offsets, span.start) - 1
        offset = self._offsets[index]
        return self._parts[index], Span(span.start - offset, span.end - offset)

    def position(self, offset: int) -> tuple[int, int]:
        source, span = self.locate(Span(offset, offset))
        return source.position(span.start)
