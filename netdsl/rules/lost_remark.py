"""A remark after a layer that claims what no layer does: ``FC 10 (softmax)``, ``(same padding)``."""

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
"""Also that of a group, which comes after its last layer."""

_LAST = re.compile(r"[ \t](?P<remark>\((?:[^()\n]|\([^()\n]*\))*\))\Z")


_MANNER = re.compile(
    r"(?:dilated|atrous|depth-?wise|strided|grouped|transposed|padded)(?![a-z])", re.IGNORECASE
)
"""What a convolution can be that is no layer of its own, in the name of one: ``Dilated: CONV 8 3x3``."""


class _Said(NamedTuple):
    """A remark with its parentheses, or words of the label of a layer."""

    text: str
    span: Span
    planned: PlannedLayer
    label: bool = False


def check_remarks(plan: Plan, findings: Findings, read: list[list[int]]) -> None:
    """A warning for what should be written otherwise, a note for what says nothing that is known."""
    for said, verdict in _lost(plan, read):
        message = f"`{said.text}` is a remark, which layers ignore"
        other: tuple[str, ...] = ()
        if said.label:
            message = f"`{said.planned.node.name}` is the name of a layer, and names have no effect"
            other = ("or rename the layer",)
        findings.add(
            "ND242",
            message,
            said.span,
            severity=Severity.NOTE if verdict.unknown else Severity.WARNING,
            help=(*(verdict.cures or ("anything may follow `#`",)), *other),
            cause=verdict.cures[0] if verdict.cures else "an unknown remark",
        )


def _lost(plan: Plan, read: list[list[int]]) -> list[tuple[_Said, Verdict]]:
    every = _said(plan)
    if not every:
        return []
    from netdsl.rules.remarks import Around, Whole, judged  # few networks have remarks

    whole = Whole(plan)
    links = [[*planned.node.inputs] for planned in plan.layers], read
    found = []
    for said in every:
        position = said.planned.node.position
        before, behind = (
            tuple(plan.layers[index] for index in within_reach(position, ways)) for ways in links
        )
        verdict = judged(said.text, Around(whole, said.planned, before, behind))
        if verdict.cures or verdict.unknown:
            found.append((said, verdict))
    return found


def _said(plan: Plan) -> list[_Said]:
    """What is said about the layers, each once, with the first layer that it is said about."""
    found: dict[Span, _Said] = {}
    seen: set[tuple[Span, Span | None]] = set()
    source = plan.network.source
    for planned in plan.layers:
        node = planned.node
        spans = node.span, node.use.span if node.use is not None else None
        if spans in seen or node.implied:
            continue
        seen.add(spans)
        for span in (_remark_behind(source, node.span.end), _remark_within(source, spans[1])):
            if span is not None:
                found.setdefault(span, _Said(source.excerpt(span), span, planned))
        manner = _MANNER.search(node.name) if node.layer.keyword == "CONV" else None
        if manner is not None:
            found.setdefault(node.span, _Said(f"({manner[0]})", node.span, planned, label=True))
    return [*found.values()]


def _remark_behind(source: Source, end: int) -> Span | None:
    found = _REMARK.match(source.excerpt(Span(end, end + _LONGEST)))
    return Span(end + found.start("remark"), end + found.end("remark")) if found is not None else None


def _remark_within(source: Source, use: Span | None) -> Span | None:
    """That of a use of a block, whose span has it within."""
    if use is None:
        return None
    start = max(use.start, use.end - _LONGEST)
    found = _LAST.search(source.excerpt(Span(start, use.end)))
    return Span(start + found.start("remark"), use.end) if found is not None else None
