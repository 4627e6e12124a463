"""A label or a remark that says what nothing does: ``Softmax: FC 10``, ``FC 10 (softmax)``."""

from __future__ import annotations

import re

from netdsl.diagnostics import Findings, Severity
from netdsl.layers.registry import kind_named
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule, and_more, readers
from netdsl.source import Source, Span

_WORD = re.compile(r"[A-Za-z]+")
_LONGEST = 60
_REMARK = re.compile(rf"[ \t]*\(([^()0-9\n]{{3,{_LONGEST}}})\)")


def check(plan: Plan, findings: Findings) -> None:
    """Sheets put the activation of a layer before the colon; a label is only a name."""
    read = readers(plan)
    _check_remarks(plan, findings, read)
    lost = [(planned, kind) for planned in plan.layers if (kind := _lost(planned, plan, read))]
    if not lost:
        return
    planned, kind = lost[0]
    node = planned.node
    more = and_more(len(lost) - 1, "label")
    findings.add(
        "ND242",
        f"`{node.name}` is the name of a layer, and no {kind} stands behind it{more}",
        node.span,
        severity=Severity.WARNING,
        help=(f"put ` - {kind}` behind the layer if it is meant", "or give the layer another name"),
    )


def _remark_of(source: Source, span: Span) -> str:
    """What stands in parentheses behind a layer; numbers there have a finding of their own."""
    length = span.end - span.start
    found = _REMARK.match(source.excerpt(Span(span.start, span.end + _LONGEST + 10)), length)
    return found[1].strip() if found is not None else ""


def _check_remarks(plan: Plan, findings: Findings, read: list[list[int]]) -> None:
    """What stands in parentheses behind a layer is only a remark, too."""
    lost = []
    for planned in plan.layers:
        remark = _remark_of(plan.network.source, planned.node.span)
        if not remark:
            continue
        from netdsl.graph.sheets.remarks import said_in_vain  # few layers have remarks

        cure = said_in_vain(remark, planned.node, _behind(planned.node.position, plan, read))
        if cure:
            lost.append((planned.node, remark, cure))
    if lost:
        node, remark, cure = lost[0]
        findings.add(
            "ND242",
            f"`({remark})` is a remark, which no layer reads{and_more(len(lost) - 1, 'remark')}",
            node.span,
            severity=Severity.WARNING,
            help=(cure,),
        )


def _lost(planned: PlannedLayer, plan: Plan, read: list[list[int]]) -> str:
    """The activation that the name of a layer with weights speaks of, and that none reading it has."""
    node = planned.node
    if not node.layer.weighs:
        return ""
    for word in _WORD.findall(node.name):
        kind = kind_named(word)
        if kind is None or not kind.activates or kind.keyword == "STEP":  # `Step 1: CONV 8 3x3`
            continue
        if kind.keyword not in _behind(node.position, plan, read):
            return kind.keyword
    return ""


_REACH = 3
"""Layers behind one in which its activation stands: a normalisation and a dropout may come first."""


def _behind(position: int, plan: Plan, read: list[list[int]]) -> set[str]:
    found: set[str] = set()
    places = {position}
    for _ in range(_REACH):
        places = {reader for place in places for reader in read[place]}
        found |= {plan.layers[place].node.layer.keyword for place in places}
    return found


RULE = Rule("activation-in-label", "ND242", check)
