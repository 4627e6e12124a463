"""Parses a text of which some places are read in other words; places in the tree are those of the text."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from netdsl.diagnostics import Diagnostic, Edit, Label
from netdsl.source import Source, Span
from netdsl.syntax.parser import ParsedFile, parse


def respelled_text(text: str, edits: Sequence[Edit]) -> str:
    """A text with all edits, which are in the order of their places and touch no other."""
    parts: list[str] = []
    end = 0
    for edit in edits:
        parts += (text[end : edit.span.start], edit.replacement)
        end = edit.span.end
    return "".join((*parts, text[end:]))


def parse_respelled(source: Source, edits: Sequence[Edit]) -> ParsedFile:
    """What ``parse`` makes of a text with edits, at the places of the text without them; what an edit puts
    in has places in what it takes out, in the same order."""
    parsed = parse(source.with_text(respelled_text(source.text, edits)))
    places = _Places(edits)
    file = places.of_tree(parsed.file) if parsed.file is not None else None
    return ParsedFile(file, [places.of_finding(found, source) for found in parsed.diagnostics], parsed.tokens)


class _Places:
    """Where a place of the edited text lies in the text as it was."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = edits
        self._starts: list[int] = []
        self._ends: list[int] = []
        moved = 0
        for edit in edits:
            self._starts.append(edit.span.start + moved)
            self._ends.append(edit.span.start + moved + len(edit.replacement))
            moved += len(edit.replacement) - (edit.span.end - edit.span.start)

    def _of_place(self, place: int, number: int) -> int:
        """A place behind the edit of this number, or as far inside it in proportion."""
        if number < 0:
            return place
        edit, end = self._edits[number], self._ends[number]
        if place >= end:
            return place - end + edit.span.end
        behind = (place - self._starts[number]) * (edit.span.end - edit.span.start)
        return edit.span.start + behind // max(1, len(edit.replacement))

    def _start(self, place: int) -> int:
        return self._of_place(place, bisect_right(self._starts, place) - 1)

    def _end(self, place: int) -> int:
        return self._of_place(place, bisect_right(self._starts, place - 1) - 1)

    def of(self, span: Span) -> Span:
        start = self._start(span.start)
        return Span(start, max(start, self._end(span.end)))

    def of_tree(self, node: Any) -> Any:
        """The depth of its recursion is that of brackets, which is limited."""
        if isinstance(node, Span):
            return self.of(node)
        if not isinstance(node, tuple):
            return node
        if hasattr(node, "_fields"):
            return type(node)(*map(self.of_tree, node))
        return tuple(map(self.of_tree, node))

    def of_finding(self, finding: Diagnostic, source: Source) -> Diagnostic:
        """A finding of the edited text; what it would change stands in no file, and is left out."""
        if finding.primary is None:
            return finding
        primary = Label(self.of(finding.primary.span), finding.primary.text)
        secondary = tuple(Label(self.of(label.span), label.text) for label in finding.secondary)
        return finding._replace(source=source, primary=primary, secondary=secondary, fix=None)
