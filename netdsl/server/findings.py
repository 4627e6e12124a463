"""Findings as an editor shows them: all about one text, in places of that text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netdsl.diagnostics import Diagnostic
from netdsl.planning.text_analysis import TextAnalysis
from netdsl.source import Source, Span
from netdsl.syntax import tree

_LONGEST = 200
"""Characters of a cure; what is longer lists all that there is."""


class Related(NamedTuple):
    """Another place that belongs to a finding."""

    source: Source
    span: Span
    text: str


class Shown(NamedTuple):
    """A finding about a text, where it is shown there; ``related`` are the other places that it names."""

    finding: Diagnostic
    span: Span
    message: str
    related: tuple[Related, ...]


def shown(
    source: Source, findings: Sequence[Diagnostic], analysis: TextAnalysis | None = None
) -> list[Shown]:
    """The findings of a text. What a file that it uses has wrong is shown at its ``use`` line, with the place
    in that file beside it."""
    return [_shown(source, finding, analysis) for finding in findings]


def _shown(source: Source, finding: Diagnostic, analysis: TextAnalysis | None) -> Shown:
    cures = [line for line in finding.help if len(line) <= _LONGEST]
    message = "\n".join([_headline(finding), *finding.notes, *cures])
    owner = finding.source
    if finding.primary is None or owner is None:
        if finding.path not in ("", source.name):
            message = f"in {finding.path}: {message}"
        return Shown(finding, _first_line(source), message, ())
    related = tuple(
        Related(owner, label.span, label.text or "here") for label in finding.secondary if label.span.end >= 0
    )
    if owner.name == source.name:
        span = finding.primary.span
        return Shown(finding, Span(span.start, max(span.end, span.start)), message, related)
    line, column = owner.position(finding.primary.span.start)
    there = Related(owner, finding.primary.span, finding.message)
    message = f"in {owner.name}:{line}:{column}: {message}"
    return Shown(finding, _use_of(source, owner, analysis), message, (there, *related))


def _headline(finding: Diagnostic) -> str:
    label = finding.primary.text if finding.primary is not None else ""
    return f"{finding.message}: {label}" if label else finding.message


def _first_line(source: Source) -> Span:
    end = source.text.find("\n")
    return Span(0, len(source.text) if end < 0 else end)


def _use_of(source: Source, owner: Source, analysis: TextAnalysis | None) -> Span:
    """The line that brings a file in, directly or through another one; the first one for what is wrong with
    settings and baselines, which no line does."""
    if owner.name.endswith((".toml", ".json")):
        return _first_line(source)
    uses = [
        statement
        for statement in (analysis.written.statements if analysis is not None and analysis.written else ())
        if isinstance(statement, tree.Use)
    ]
    named = [use for use in uses if owner.name.endswith(use.path.replace("\\", "/").lstrip("./"))]
    chosen = (named or uses)[:1]
    return chosen[0].span if chosen else _first_line(source)
