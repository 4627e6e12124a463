"""Parses a text of which some spans are read in other words; spans in the tree are those of the text."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from netdsl.diagnostics import Diagnostic, Edit, Label
from netdsl.source import Source, Span
from netdsl.syntax.parser import ParsedFile, parse


def respelled_text(text: str, edits: Sequence[Edit]) -> str:
    """A text with all edits, which are in the order of their spans and touch no other."""
    parts: list[str] = []
    end = 0
    for edit in edits:
        parts += (text[end : edit.span.start], edit.replacement)
        end = edit.span.end
    return "".join((*parts, text[end:]))


def parse_respelled(source: Source, edits: Sequence[Edit]) -> ParsedFile:
    """What ``parse`` makes of a text with edits, with the spans of the text without them; what an edit puts
    in has spans in what it takes out, in the same order."""
    parsed = parse(source.with_text(respelled_text(source.text, edits)))
    origins = _Origins(edits)
    file = origins.of_tree(parsed.file) if parsed.file is not None else None
    return ParsedFile(
        file, [origins.of_finding(found, source) for found in parsed.diagnostics], parsed.tokens
    )


class _Origins:
    """Where an offset of the edited text lies in the text as it was."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = edits
        self._starts: list[int] = []
        self._ends: list[int] = []
        moved = 0
        for edit in edits:
            self._starts.append(edit.span.start + moved)
            self._ends.append(edit.span.start + moved + len(edit.replacement))
            moved += len(edit.replacement) - (edit.span.end - edit.span.start)

    def _original(self, offset: int, number: int) -> int:
        """An offset behind the edit of this number, or as far inside it in proportion."""
        if number < 0:
            return offset
        edit, end = self._edits[number], self._ends[number]
        if offset >= end:
            return offset - end + edit.span.end
        behind = (offset - self._starts[number]) * (edit.span.end - edit.span.start)
        return edit.span.start + behind // max(1, len(edit.replacement))

    def _start(self, offset: int) -> int:
        return self._original(offset, bisect_right(self._starts, offset) - 1)

    def _end(self, offset: int) -> int:
        return self._original(offset, bisect_right(self._starts, offset - 1) - 1)

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
        """A finding of the edited text; what it would change is in no file, and is left out."""
        if finding.primary is None:
            return finding
        primary = Label(self.of(finding.primary.span), finding.primary.text)
        secondary = tuple(Label(self.of(label.span), label.text) for label in finding.secondary)
        return finding._replace(source=source, primary=primary, secondary=secondary, fix=None)
