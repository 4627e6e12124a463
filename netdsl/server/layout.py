"""What a formatted text changes, in as few lines as possible, so that the cursor stays where it is."""

from __future__ import annotations

from netdsl.diagnostics import Edit
from netdsl.source import Source, Span


def differing(source: Source, text: str) -> list[Edit]:
    """The edit that makes ``text`` of a source: from the first line that differs to the last. With the
    line ends of the file."""
    if text == source.text:
        return []
    old, new = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    start = sum(map(len, old[:head]))
    end = len(source.text) - sum(map(len, old[len(old) - tail :]))
    replacement = "".join(new[head : len(new) - tail])
    return [Edit(Span(start, end), replacement, True)]
