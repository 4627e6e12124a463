"""Where the keys and values of a TOML or JSON text stand, which the readers of both do not say."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from netdsl.source import Span

Path: TypeAlias = tuple[str | int, ...]
"""The keys, and the numbers in arrays, that lead to a value."""


class Spans(NamedTuple):
    """``key`` is the last key that leads to the value, or the value itself in an array."""

    key: Span
    value: Span


_BLANK = re.compile(r"(?:[\s,]+|#[^\n]*)+")
_BLANK_IN_LINE = re.compile(r"[ \t]*")
_STRING = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")


def spans_of_values(text: str) -> dict[Path, Spans]:
    """The spans of every value of a sound TOML or JSON text; of a table of TOML, its header.

    Where a text is not sound, of those that come before. Nothing is nested deeper than Python's own readers
    go, and these have read the text.
    """
    reader = _SpanReader(text)
    with suppress(_UnsoundError, RecursionError):
        reader.read()
    return reader.found


class _UnsoundError(Exception):
    """The text is neither TOML nor JSON here."""


class _SpanReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, Spans] = {}
        self._arrays: dict[Path, int] = {}  # arrays of tables, and how many tables each has by now

    def read(self) -> None:
        table: Path = ()
        self._skip(_BLANK)
        if self._next() == "{":
            self._value((), Span(self.at, self.at))
            return
        while self.at < len(self.text):
            if self._next() == "[":
                table = self._header()
            else:
                self._entry(table)
            self._skip(_BLANK)

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _take(self, pattern: re.Pattern[str]) -> Span:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise _UnsoundError
        start, self.at = self.at, found.end()
        return Span(start, self.at)

    def _header(self) -> Path:
        """``[a.b]``, or ``[[a.b]]``, which begins one more table of an array."""
        start = self.at
        several = self.text.startswith("[[", start)
        self.at += 2 if several else 1
        parts = self._key()
        self._skip(_BLANK_IN_LINE)
        self.at += 2 if several else 1
        path: Path = ()
        for number, (part, _) in enumerate(parts):
            path = (*path, part)
            if several and number == len(parts) - 1:
                self._arrays[path] = self._arrays.get(path, 0) + 1
            if path in self._arrays:
                path = (*path, self._arrays[path] - 1)
        key = parts[-1][1]
        self.found[path] = Spans(key, Span(start, self.at))
        for end in range(1, len(path)):
            self.found.setdefault(path[:end], Spans(parts[min(end, len(parts)) - 1][1], key))
        return path

    def _key(self) -> list[tuple[str, Span]]:
        """``a.b``, with the span of each part."""
        parts = []
        while True:
            self._skip(_BLANK_IN_LINE)
            quoted = self._next() in "\"'" and bool(self._next())
            span = self._take(_STRING if quoted else _BARE)
            written = self.text[span.start : span.end]
            parts.append((_unquoted(written) if quoted else written, span))
            self._skip(_BLANK_IN_LINE)
            if self._next() != ".":
                return parts
            self.at += 1

    def _entry(self, table: Path) -> None:
        parts = self._key()
        if self._next() not in ("=", ":"):
            raise _UnsoundError
        self.at += 1
        path = table
        for part, span in parts[:-1]:
            path = (*path, part)
            self.found.setdefault(path, Spans(span, span))
        self._value((*path, parts[-1][0]), parts[-1][1])

    def _value(self, path: Path, key: Span | None) -> None:
        self._skip(_BLANK)
        start, first = self.at, self._next()
        self.found[path] = Spans(key or Span(start, start), Span(start, start))
        if first == "{":
            self._inside("}", path)
        elif first == "[":
            self._inside("]", path)
        elif first and first in "\"'":
            self._take(_STRING)
        else:
            span = self._take(_SCALAR)
            self.at = span.start + len(self.text[span.start : span.end].rstrip())
        value = Span(start, self.at)
        self.found[path] = Spans(key or value, value)

    def _inside(self, end: str, path: Path) -> None:
        """The values of an array, or the entries of a table in braces."""
        self.at += 1
        number = 0
        self._skip(_BLANK)
        while self._next() != end:
            if end == "}":
                self._entry(path)
            else:
                self._value((*path, number), None)
                number += 1
            self._skip(_BLANK)
        self.at += 1


def _unquoted(written: str) -> str:
    if "\\" not in written or written[0] == "'":
        return written[1:-1]
    import tomllib

    return next(iter(tomllib.loads(f"{written} = 0")))
