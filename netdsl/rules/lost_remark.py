"""A remark behind a layer that says what nothing does: ``FC 10 (softmax)``, ``(same padding)``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from netdsl.diagnostics import Findings, Severity
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.rules.rule import within_reach
from netdsl.source import Source, Span

if TYPE_CHECKING:
    from netdsl.rules.remarks import Verdict

_LONGEST = 200
"""Characters of a remark."""

_REMARK = re.compile(
    r"(?:[ \t]*[\]}](?:[ \t]*[*x×][ \t]*\w+)?)*[ \t]+(?P<remark>\((?:[^()\n]|\([^()\n]*\))*\))"
)
"""Also that of a group, which stands behind its last layer."""

_LAST = re.compile(r"[ \t](?P<remark>\((?:[^()\n]|\([^()\n]*\))*\))\Z")


class _Lost(NamedTuple):
    remark: str
    span: Span
    verdict: Verdict


def check_remarks(plan: Plan, findings: Findings, read: list[list[int]]) -> None:
    """A warning for what should be written otherwise, a note for what says nothing that is known."""
    for remark, span, verdict in _lost(plan, read):
        findings.add(
            "ND242",
            f"`{remark}` is a remark, which no layer reads",
            span,
            severity=Severity.NOTE if verdict.unknown else Severity.WARNING,
            help=(verdict.cure or "behind `#` anything may stand",),
            cause=verdict.cure or "an unknown remark",
        )


def _lost(plan: Plan, read: list[list[int]]) -> list[_Lost]:
    placed = _placed(plan)
    if not placed:
        return []
    from netdsl.rules.remarks import Around, Whole, judged  # few networks have remarks

    whole = Whole(plan)
    links = [[*planned.node.inputs] for planned in plan.layers], read
    found = []
    for span, planned in placed.items():
        before, behind = (
            tuple(plan.layers[index] for index in within_reach(planned.node.position, ways)) for ways in links
        )
        remark = plan.network.source.excerpt(span)
        verdict = judged(remark, Around(whole, planned, before, behind))
        if verdict.cure or verdict.unknown:
            found.append(_Lost(remark, span, verdict))
    return found


def _placed(plan: Plan) -> dict[Span, PlannedLayer]:
    """The remarks of a network, each with the first layer that it stands behind."""
    found: dict[Span, PlannedLayer] = {}
    seen: set[tuple[Span, Span | None]] = set()
    for planned in plan.layers:
        node = planned.node
        place = node.span, node.use.span if node.use is not None else None
        if place in seen or node.implied:
            continue
        seen.add(place)
        source = plan.network.source
        for span in (_remark_behind(source, node.span.end), _remark_within(source, place[1])):
            if span is not None and span not in found:
                found[span] = planned
    return found


def _remark_behind(source: Source, end: int) -> Span | None:
    found = _REMARK.match(source.excerpt(Span(end, end + _LONGEST)))
    return Span(end + found.start("remark"), end + found.end("remark")) if found is not None else None


def _remark_within(source: Source, use: Span | None) -> Span | None:
    """That of a use of a block, whose place has it within."""
    if use is None:
        return None
    start = max(use.start, use.end - _LONGEST)
    found = _LAST.search(source.excerpt(Span(start, use.end)))
    return Span(start + found.start("remark"), use.end) if found is not None else None
