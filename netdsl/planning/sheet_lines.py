"""Lines of a text that are read a second time."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from netdsl.codes import Fact, about_words
from netdsl.diagnostics import Diagnostic, Severity
from netdsl.graph.sheets import Reading, repeats_a_kind
from netdsl.source import Source, Span


class Line(NamedTuple):
    """A piece of a text that a line break, or a semicolon, ends; without blanks and comments."""

    span: Span
    text: str


class Read(NamedTuple):
    """``note`` says what a line is that no layer is made of."""

    line: Line
    reading: Reading
    note: str = ""


def is_of_words(finding: Diagnostic) -> bool:
    if finding.severity is not Severity.ERROR or finding.primary is None:
        return False
    if Fact.REPEATED_LABEL.holds(finding.code) and finding.source is not None:
        return repeats_a_kind(line_at(finding.source, finding.primary.span.start).text)
    return Fact.UNREAD.holds(finding.code) or finding.line_may_settle


def is_meant(finding: Diagnostic) -> bool:
    """Whether a mistake is one of meaning, in words that are understood."""
    words = about_words(finding.code) and not Fact.NO_INPUT.holds(finding.code)
    return finding.severity is Severity.ERROR and words and not is_of_words(finding)


_BLANKS = " \t\r\f\u00a0"


def line_at(source: Source, offset: int) -> Line:
    """The line around an offset."""
    number = source.position(min(offset, len(source.text)))[0]
    start, line = source.line_start(number), source.line(number)
    text = line if line.lstrip(_BLANKS).startswith("|") else line.partition("#")[0]
    begin = start + len(text) - len(text.lstrip(_BLANKS))
    return Line(Span(begin, start + len(text.rstrip(_BLANKS))), text.strip(_BLANKS))


_WEIGHS = re.compile(r"fc|conv|dense|linear|affine|connect|neuron|unit|output|nin", re.IGNORECASE)


_BACK = 20
"""Lines that are looked back."""


def scores_before(source: Source, offset: int) -> frozenset[str]:
    """The numbers of the last line before an offset that speaks of a layer with weights."""
    line = line_before(source, offset)
    for _ in range(_BACK):
        if line is None or _WEIGHS.search(line.text):
            break
        line = line_before(source, line.span.start)
    return frozenset(re.findall("[0-9]+", line.text.replace(",", ""))) if line is not None else frozenset()


def line_before(source: Source, offset: int) -> Line | None:
    last = source.position(offset)[0] - 1
    for number in range(last, max(0, last - _BACK), -1):
        line = line_at(source, source.line_start(number))
        if line.text:
            return line
    return None


def lines_of(source: Source, found: Sequence[Diagnostic]) -> defaultdict[tuple[str, str], set[Span]]:
    """The lines on which each mistake stands."""
    lines: defaultdict[tuple[str, str], set[Span]] = defaultdict(set)
    for finding in found:
        if finding.primary is not None and finding.source is source:
            lines[finding.code, finding.message].add(line_at(source, finding.primary.span.start).span)
    return lines
