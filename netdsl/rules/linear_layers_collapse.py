"""Layers with weights and no activation between them: together they are one linear layer."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.graph.network import Node
from netdsl.plan.plan import Plan
from netdsl.rules.rule import Rule

_BAD = """\
input 32x32x3
FC1: 100 neurons
FC2: 10 neurons
"""

_GOOD = """\
input 32x32x3
FC1: 100 neurons
RELU
FC2: 10 neurons
"""


def check(plan: Plan, findings: Findings) -> None:
    """One finding for the whole network, at the first two neighbours."""
    pairs = _pairs(plan)
    if not pairs:
        return
    first, second = min(pairs, key=lambda pair: (pair[1].position - pair[0].position, pair[0].position))
    others = f", and {len(pairs) - 1} more such pairs" if len(pairs) > 1 else ""
    findings.add(
        "ND401",
        f"no activation stands between {first.name} and {second.name}{others}",
        second.span,
        "the product of two matrices is one matrix",
        severity=Severity.WARNING,
        secondary=(Label(first.span, "linear, like the layer behind it"),),
        help=("write `default activation relu`, or put RELU between them",),
    )


def _pairs(plan: Plan) -> list[tuple[Node, Node]]:
    """Each layer with weights and the next one that follows it without an activation."""
    before: Node | None = None
    pairs = []
    for planned in plan.layers:
        node = planned.node
        if node.layer.activates:
            before = None
        elif node.layer.weighs:
            if before is not None:
                pairs.append((before, node))
            before = node
    return pairs


RULE = Rule("linear-layers-collapse", "ND401", check, _BAD, _GOOD)
