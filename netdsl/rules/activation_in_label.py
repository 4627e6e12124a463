"""A label or a remark that claims what no layer does: ``Softmax: FC 10``, ``FC 10 (softmax)``."""

from __future__ import annotations

import re

from netdsl.diagnostics import Findings, Severity
from netdsl.layers.layer import Layer
from netdsl.layers.registry import kind_named
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.rules.lost_remark import check_remarks
from netdsl.rules.rule import Rule, and_more, within_reach

_WORD = re.compile(r"[A-Za-z]+")


def check(plan: Plan, findings: Findings) -> None:
    """Sheets put the activation of a layer before the colon; a label is only a name."""
    read = plan.readers
    check_remarks(plan, findings, read)
    lost = [(planned, kind) for planned in plan.layers if (kind := _lost(planned, plan, read))]
    if not lost:
        return
    planned, kind = lost[0]
    node = planned.node
    more = and_more(len(lost) - 1, "label")
    findings.add(
        "ND242",
        f"`{node.name}` is the name of a layer, but no {kind} follows it{more}",
        node.span,
        severity=Severity.WARNING,
        help=(f"put ` - {kind}` after the layer if that is what you mean", "or rename the layer"),
    )


def _lost(planned: PlannedLayer, plan: Plan, read: list[list[int]]) -> str:
    """The kind that the name of a layer with weights speaks of, and that no layer near it has."""
    node = planned.node
    if not node.layer.has_weights:
        return ""
    for word in (node.name.rstrip("0123456789_ "), *_WORD.findall(node.name)):  # `Batch norm`, `conv_bn`
        kind = kind_named(word)
        if kind is None or kind.keyword == node.layer.keyword or not _is_beside(kind):
            continue
        near = {plan.layers[position].node.layer.keyword for position in within_reach(node.position, read)}
        if not kind.is_activation:  # `pool_proj: CONV 32 1x1` stands behind a pool
            near |= {plan.layers[position].node.layer.keyword for position in node.inputs}
        if kind.keyword not in near:
            return kind.keyword
    return ""


def _is_beside(kind: type[Layer]) -> bool:
    """Whether sheets name a kind with the layer that it stands behind; `Step 1: CONV 8 3x3` does not."""
    bends = kind.is_activation and kind.keyword != "STEP"
    return bends or kind.keyword in ("BN", "DROPOUT", "MAX POOL", "AVG POOL")


RULE = Rule("activation-in-label", "ND242", check)
