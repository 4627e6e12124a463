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
from netdsl.reports.folded_findings import folded, other_places
from netdsl.reports.wrapping import breaks_figure, wrapped
from netdsl.source import Source

_WIDTH = 110
"""Characters of a line that are shown where the width of the terminal is not known."""

_LEAD = 30
"""How many of them come before what a finding is about, at most."""

_COLOURS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}
_EXCERPT, _CURE, _SECONDARY = "1;34", "1;32", "1;34"


def diagnostics_as_text(
    findings: Sequence[Diagnostic], *, colour: bool = False, width: int | None = None
) -> str:
    """Every misunderstanding once, with an empty line after each; those beyond a crowd are only counted.

    Lines are folded to ``width`` columns, where it is known."""
    groups = folded(findings)
    listed: set[str] = set()
    shown = ""
    for group in groups[:CROWD]:
        first = _briefly(group.first, listed, width)
        shown += diagnostic_as_text(first, other_places(group), colour=colour, width=width) + "\n"
    left_out = len(groups) - CROWD
    return f"{shown}... and {left_out} more findings\n" if left_out > 0 else shown


_NAMES = 4
"""Commas of a help that lists what there is, and cures nothing."""

_LINE = 105
"""Characters of such a list on one line."""


def _briefly(finding: Diagnostic, listed: set[str], width: int | None) -> Diagnostic:
    """The finding without lists that are above it already, or below what was probably meant."""
    lists = {text for text in finding.help if text.count(", ") >= _NAMES}
    left_out = lists if finding.proposal else lists & listed
    listed |= lists - left_out
    shown = (text for text in finding.help if text not in left_out)
    return finding._replace(help=tuple(_in_lines(text) if width is None else text for text in shown))


def _in_lines(text: str) -> str:
    if len(text) <= _LINE or text.count(", ") < _NAMES or "\n" in text or "`" in text:
        return text
    from textwrap import wrap  # few lists are longer

    return "\n".join(wrap(text, _LINE - len("  = help: ")))


def diagnostic_as_text(
    finding: Diagnostic, elsewhere: str = "", *, colour: bool = False, width: int | None = None
) -> str:
    """One finding, and ``elsewhere``, where else there is the like; ends in a line break."""
    paint = _Paint(colour)
    severity = paint(f"{finding.severity.value} {finding.code}", _COLOURS[finding.severity])
    place = _place(finding)
    head = columns(f"{place}{finding.severity.value} {finding.code}: ")
    message, lines = visible(finding.message), []
    if width is not None and head + columns(message.partition(" ")[0]) > width:  # a long path
        lines, place, head = [place.rstrip()], "    ", 4 + head - columns(place)
    first, *others = wrapped(message, width, "    ", used=head)
    lines.append(f"{place}{severity}: {paint(first, '1')}".rstrip())
    lines += [f"    {paint(line.removeprefix('    '), '1')}" for line in others]
    margin = 1
    if finding.source is not None and finding.primary is not None:
        excerpt, margin = _excerpt(finding, finding.source, finding.primary, paint, width)
        lines += excerpt
    notes = (*finding.notes, elsewhere) if elsewhere else finding.notes
    lines += [line for text in notes for line in _remark("note", text, margin, paint, _EXCERPT, width)]
    lines += [line for text in finding.help for line in _remark("help", text, margin, paint, _CURE, width)]
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


def _remark(
    word: str, text: str, margin: int, paint: _Paint, colour: str, width: int | None
) -> Iterable[str]:
    indent = " " * (margin + 9)
    head = f"{' ' * margin} {paint('=', _EXCERPT)} {paint(word, colour)}: "
    for line in visible_lines(text).split("\n"):
        first, *others = wrapped(line, width, indent, used=len(indent))
        yield head + first
        yield from others
        head = indent


class _Mark(NamedTuple):
    """An underline on one line: columns from ``start`` to ``end`` of the shown text."""

    start: int
    end: int
    text: str
    primary: bool


def _excerpt(
    finding: Diagnostic, source: Source, primary: Label, paint: _Paint, width: int | None
) -> tuple[list[str], int]:
    """The lines of the source that the labels point at, and the width of their numbers."""
    labels = [(primary, True), *((label, False) for label in finding.secondary)]
    by_line: dict[int, list[tuple[Label, bool]]] = {}
    for label, is_primary in labels:
        by_line.setdefault(source.position(label.span.start)[0], []).append((label, is_primary))
    margin = len(str(max(by_line)))
    room = None if width is None else width - margin - 3
    bar = paint("|", _EXCERPT)
    lines = [f"{' ' * margin} {bar}"]
    previous = None
    for number in sorted(by_line):
        if previous is not None and number > previous + 1:
            lines.append(paint("." * max(3, margin), _EXCERPT))
        previous = number
        text, marks = _shown_line(source, number, by_line[number], room)
        lines.append(f"{paint(str(number).rjust(margin), _EXCERPT)} {bar} {text}".rstrip())
        colour = _COLOURS[finding.severity]
        lines += [f"{' ' * margin} {bar} {row}".rstrip() for row in _mark_rows(marks, paint, colour, room)]
    return lines, margin


def _shown_line(
    source: Source, number: int, labels: list[tuple[Label, bool]], room: int | None
) -> tuple[str, list[_Mark]]:
    """A line made visible and cut to ``room`` columns, or _WIDTH characters, with its underlines."""
    line = source.line(number)
    line_start = source.line_start(number)
    focus = min(label.span.start for label, _ in labels) - line_start
    first, last = _part_by_characters(line, focus) if room is None else _part_by_columns(line, focus, room)
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


def _part_by_characters(line: str, focus: int) -> tuple[int, int]:
    """Where the part of a line that is shown begins and ends; it holds the character at ``focus``."""
    first = 0 if len(line) <= _WIDTH else max(0, min(focus - _LEAD, len(line) - _WIDTH))
    return first, min(len(line), first + _WIDTH)


def _part_by_columns(line: str, focus: int, room: int) -> tuple[int, int]:
    """The same for a part that takes at most ``room`` columns, with the signs of what is left out."""
    if len(line) <= room and columns(visible(line)) <= room:
        return 0, len(line)
    room -= 2
    first, taken = min(focus, len(line)), 0
    while first and taken + (one := columns(visible(line[first - 1]))) <= min(_LEAD, room // 3):
        first, taken = first - 1, taken + one
    last = min(focus, len(line))
    while last < len(line) and taken + (one := columns(visible(line[last]))) <= room:
        last, taken = last + 1, taken + one
    while first and taken + (one := columns(visible(line[first - 1]))) <= room:
        first, taken = first - 1, taken + one
    while first < focus and breaks_figure(line, first):
        first += 1
    while last > focus + 1 and breaks_figure(line, last):
        last -= 1
    return first, last


def _mark_rows(marks: list[_Mark], paint: _Paint, colour: str, room: int | None) -> Iterable[str]:
    """The underlines of a line: the last one has its text after it, or below where there is too little
    room, the others below."""
    ordered = sorted(set(marks), key=lambda mark: (mark.start, mark.primary))
    row, width = "", 0
    for index, mark in enumerate(ordered):
        start = max(mark.start, width)
        end = min([mark.end, *(later.start for later in ordered[index + 1 :] if later.start > mark.start)])
        if end <= start:
            continue
        sign = paint(("^" if mark.primary else "-") * (end - start), colour if mark.primary else _SECONDARY)
        row += " " * (start - width) + sign
        width = end
    last = ordered[-1]
    beside = room is None or width + 1 + columns(last.text) <= room
    if last.text and beside:
        yield from _label(last, f"{row} ", width + 1, paint, colour, room)
    else:
        yield row
    for mark in reversed(ordered[:-1] if beside else ordered):
        if mark.text:
            start = (
                mark.start if room is None else min(mark.start, max(room - columns(mark.text), room // 4, 0))
            )
            yield from _label(mark, " " * start, start, paint, colour, room)


def _label(mark: _Mark, head: str, start: int, paint: _Paint, colour: str, room: int | None) -> Iterable[str]:
    """The words of a label after ``head``, which takes ``start`` columns; more lines of it below."""
    own = colour if mark.primary else _SECONDARY
    first, *others = wrapped(mark.text, room, " " * start, used=start)
    yield head + paint(first, own)
    for line in others:
        yield " " * start + paint(line[start:], own)
