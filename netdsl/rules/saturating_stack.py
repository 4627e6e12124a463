"""Sigmoids or hyperbolic tangents deep in a stack: the gradient vanishes on its way back."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Severity
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule

_DEEP = 7
"""Saturating activations in a row that are too many; LeNet-5 has six and trains."""


def check(plan: Plan, findings: Findings) -> None:
    """One finding, at the activation where a stack becomes too deep."""
    if not any(alike[0].node.layer.saturates for alike in plan.alike):
        return
    depths: list[int] = []
    deepest = 0
    first_deep = None
    for planned in plan.layers:
        layer = planned.node.layer
        # A shortcut around a stack carries the gradient: where branches meet, the shallowest counts.
        depth = min((depths[index] for index in planned.node.inputs), default=0)
        if layer.saturates:
            depth += 1
        elif layer.is_activation or layer.normalises or _rescales(planned):
            depth = 0
        depths.append(depth)
        deepest = max(deepest, depth)
        if depth == _DEEP and first_deep is None:
            first_deep = planned
    if first_deep is None:
        return
    node = first_deep.node
    findings.add(
        "ND407",
        f"{deepest} saturating activations in a row",
        node.span,
        f"{node.name} is number {_DEEP}",
        severity=Severity.WARNING,
        notes=("the slope of a sigmoid is at most 1/4, that of tanh below 1 except at 0: they multiply",),
        help=("use RELU, or BN before each of them",),
    )


def _rescales(planned: PlannedLayer) -> bool:
    """Whether a layer without weights changes each number by others, as LRN and LCN do."""
    return not planned.node.layer.linear and planned.inputs == (planned.output,)


RULE = Rule("saturating-stack", "ND407", check)
