"""The texts that an editor holds, whether they are saved or not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import pathname2url, url2pathname

from netdsl.server.positions import Position, Positions
from netdsl.source import Source, undressed


class Change(NamedTuple):
    """A change of a text: what stands from ``start`` to ``end``, or all of it, is replaced."""

    text: str
    start: Position | None = None
    end: Position | None = None


class Text(NamedTuple):
    """A text as the editor has it: its address, the editor's number of its state, its characters with the
    line ends that the editor writes."""

    uri: str
    version: int
    written: str


class Texts:
    """All open texts by their address."""

    def __init__(self, units: str = "utf-16") -> None:
        self.units = units
        self._open: dict[str, Text] = {}
        self._unsaved: dict[str, str] = {}

    def __iter__(self) -> Iterator[Text]:
        return iter(list(self._open.values()))  # another thread may open one meanwhile

    def __contains__(self, uri: str) -> bool:
        return uri in self._open

    def open(self, uri: str, version: int, written: str) -> None:
        self._open[uri] = Text(uri, version, written)
        self._keep(uri, written)

    def change(self, uri: str, version: int, changes: list[Change]) -> None:
        """Carry out changes one after the other; those of a text that is not open begin with none."""
        written = self._open[uri].written if uri in self._open else ""
        for change in changes:
            written = changed(written, change, self.units)
        self.open(uri, version, written)

    def close(self, uri: str) -> None:
        self._open.pop(uri, None)
        self._unsaved = {path: text for path, text in self._unsaved.items() if path != _real(uri)}

    def _keep(self, uri: str, written: str) -> None:
        path = _real(uri)
        if path:  # a new mapping: sources that were made before keep the texts of their time
            self._unsaved = {**self._unsaved, path: undressed(written)[0]}

    def text(self, uri: str) -> Text | None:
        return self._open.get(uri)

    def source(self, uri: str) -> Source | None:
        """The text as the other rooms want it; None for one that is not open."""
        held = self._open.get(uri)
        if held is None:
            return None
        path = path_of(uri)
        text, text_format = undressed(held.written)
        return Source(
            path or name_of(uri), text, os.path.dirname(path) if path else "", text_format, self._unsaved
        )


def changed(written: str, change: Change, units: str = "utf-16") -> str:
    """The text after a change, with its line ends and its byte-order mark as they are."""
    if change.start is None or change.end is None:
        return change.text
    text, text_format = undressed(written)
    positions = Positions(Source("", text, text_format=text_format), units)
    span = positions.span(change.start, change.end)
    start, end = (_written_offset(written, text, offset) for offset in span)
    return written[:start] + change.text + written[end:]


def _written_offset(written: str, text: str, offset: int) -> int:
    """Where a place of the text with LF alone lies in the text as it is written."""
    mark = written.startswith("\ufeff")
    if "\r" not in written:
        return offset + mark
    breaks = text.count("\n", 0, offset)
    written_at = offset + mark + min(breaks, written.count("\r\n"))
    if written.count("\r\n") == text.count("\n"):
        return written_at
    written_at = int(mark)  # line ends of several kinds: count them one by one
    left = offset
    while left > 0:
        written_at += 2 if written.startswith("\r\n", written_at) else 1
        left -= 1
    return written_at


def path_of(uri: str) -> str:
    """The path of a ``file:`` address; empty where it names no file, as a new text that is not saved."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    if parts.scheme.lower() != "file" or "\0" in unquote(uri):
        return ""
    host = f"//{parts.netloc}" if parts.netloc and parts.netloc != "localhost" else ""
    path = url2pathname(host + parts.path)
    return path if os.path.isabs(path) else ""


def uri_of(path: str) -> str:
    """The address of a file."""
    return "file://" + pathname2url(os.path.abspath(path))


def name_of(uri: str) -> str:
    """What a text without a file is called: the last part of its address."""
    return unquote(uri.rpartition(":")[2].rpartition("/")[2]) or "untitled"


def _real(uri: str) -> str:
    path = path_of(uri)
    try:
        return os.path.realpath(path) if path else ""
    except (OSError, ValueError):
        return ""
