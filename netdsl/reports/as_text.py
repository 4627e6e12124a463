"""Renders diagnostics for people: the place, an excerpt with underlines, notes and cures.

alexnet.net:2:38: error ND301: CONV1: the 11x11 filter does not fit ...
  |
2 | [55x55x96] CONV1: 96 11x11 filters at stride 4, pad 0
  | ---------- claims 55x55x96            ^^^^^^^^ (224 - 11 + 2*0)/4 + 1 = 54.25
  = help: ...
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from netdsl.diagnostics import CROWD, Diagnostic, Label, Severity
from netdsl.reports.display import columns, visible, visible_lines
from netdsl.reports.folding import folded, other_places
from netdsl.source import Source

_WIDTH = 110
_LEAD = 30

_COLOURS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}
_EXCERPT, _CURE, _SECONDARY = "1;34", "1;32", "1;34"


def diagnostics_as_text(findings: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """Every misunderstanding once, with an empty line behind each; those beyond a crowd are only counted."""
    groups = folded(findings)
    listed: set[str] = set()
    shown = "".join(
        diagnostic_as_text(_briefly(group.first, listed), other_places(group), colour=colour) + "\n"
        for group in groups[:CROWD]
    )
    left_out = len(groups) - CROWD
    return f"{shown}... and {left_out} more findings\n" if left_out > 0 else shown


_NAMES = 4
"""Commas of a help that lists what there is, and cures nothing."""

_LINE = 105
"""Characters of such a list on one line."""


def _briefly(finding: Diagnostic, listed: set[str]) -> Diagnostic:
    """The finding without lists that stand above it already, or below what was probably meant."""
    meant = bool(finding.help) and finding.help[0].startswith("did you mean ")
    lists = {text for text in finding.help if text.count(", ") >= _NAMES}
    left_out = lists if meant else lists & listed
    listed |= lists - left_out
    return finding._replace(help=tuple(_in_lines(text) for text in finding.help if text not in left_out))


def _in_lines(text: str) -> str:
    if len(text) <= _LINE or text.count(", ") < _NAMES or "\n" in text or "`" in text:
        return text
    from textwrap import wrap  # few lists are longer

    return "\n".join(wrap(text, _LINE))


def diagnostic_as_text(finding: Diagnostic, elsewhere: str = "", *, colour: bool = False) -> str:
    """One finding, and ``elsewhere``, where else there is the like; ends in a line break."""
    paint = _Paint(colour)
    severity = paint(f"{finding.severity.value} {finding.code}", _COLOURS[finding.severity])
    lines = [f"{_place(finding)}{severity}: {paint(visible(finding.message), '1')}"]
    margin = 1
    if finding.source is not None and finding.primary is not None:
        excerpt, margin = _excerpt(finding, finding.source, finding.primary, paint)
        lines += excerpt
    notes = (*finding.notes, elsewhere) if elsewhere else finding.notes
    lines += [_remark("note", text, margin, paint, _EXCERPT) for text in notes]
    lines += [_remark("help", text, margin, paint, _CURE) for text in finding.help]
    return "\n".join(lines) + "\n"


class _Paint:
    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and text else text


def _place(finding: Diagnostic) -> str:
    if finding.source is not None and finding.primary is not None:
        line, column = finding.source.position(finding.primary.span.start)
        return f"{visible(finding.source.name)}:{line}:{column}: "
    name = finding.path or (finding.source.name if finding.source else "")
    return f"{visible(name)}: " if name else ""


def _remark(word: str, text: str, margin: int, paint: _Paint, colour: str) -> str:
    first, *others = visible_lines(text).split("\n")
    head = f"{' ' * margin} {paint('=', _EXCERPT)} {paint(word, colour)}: {first}"
    return "\n".join([head, *(f"{' ' * (margin + 9)}{line}" for line in others)])


class _Mark(NamedTuple):
    """An underline on one line: columns from ``start`` to ``end`` of the shown text."""

    start: int
    end: int
    text: str
    primary: bool


def _excerpt(finding: Diagnostic, source: Source, primary: Label, paint: _Paint) -> tuple[list[str], int]:
    """The lines of the source that the labels point at, and the width of their numbers."""
    labels = [(primary, True), *((label, False) for label in finding.secondary)]
    by_line: dict[int, list[tuple[Label, bool]]] = {}
    for label, is_primary in labels:
        by_line.setdefault(source.position(label.span.start)[0], []).append((label, is_primary))
    margin = len(str(max(by_line)))
    bar = paint("|", _EXCERPT)
    lines = [f"{' ' * margin} {bar}"]
    previous = None
    for number in sorted(by_line):
        if previous is not None and number > previous + 1:
            lines.append(paint("." * max(3, margin), _EXCERPT))
        previous = number
        text, marks = _shown_line(source, number, by_line[number])
        lines.append(f"{paint(str(number).rjust(margin), _EXCERPT)} {bar} {text}".rstrip())
        colour = _COLOURS[finding.severity]
        lines += [f"{' ' * margin} {bar} {row}".rstrip() for row in _mark_rows(marks, paint, colour)]
    return lines, margin


def _shown_line(source: Source, number: int, labels: list[tuple[Label, bool]]) -> tuple[str, list[_Mark]]:
    """A line made visible and cut to a width, with its underlines."""
    line = source.line(number)
    line_start = source.line_start(number)
    focus = min(label.span.start for label, _ in labels) - line_start
    first = 0 if len(line) <= _WIDTH else max(0, min(focus - _LEAD, len(line) - _WIDTH))
    last = min(len(line), first + _WIDTH)
    before = "…" if first else ""
    after = "…" if last < len(line) else ""

    def column(offset: int) -> int:
        clamped = min(max(offset - line_start, first), last)
        return columns(before) + columns(visible(line[first:clamped]))

    marks = []
    for label, is_primary in labels:
        start, end = column(label.span.start), column(label.span.end)
        marks.append(_Mark(start, max(end, start + 1), visible(label.text), is_primary))
    return before + visible(line[first:last]) + after, marks


def _mark_rows(marks: list[_Mark], paint: _Paint, colour: str) -> Iterable[str]:
    """The underlines of a line: the last one has its text behind it, the others below."""
    ordered = sorted(set(marks), key=lambda mark: (mark.start, mark.primary))
    row, width = "", 0
    for place, mark in enumerate(ordered):
        start = max(mark.start, width)
        end = min([mark.end, *(later.start for later in ordered[place + 1 :] if later.start > mark.start)])
        if end <= start:
            continue
        sign = paint(("^" if mark.primary else "-") * (end - start), colour if mark.primary else _SECONDARY)
        row += " " * (start - width) + sign
        width = end
    last = ordered[-1]
    text = paint(last.text, colour if last.primary else _SECONDARY)
    yield f"{row} {text}" if last.text else row
    for mark in reversed(ordered[:-1]):
        if mark.text:
            yield " " * mark.start + paint(mark.text, colour if mark.primary else _SECONDARY)
