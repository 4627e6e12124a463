"""Layers with weights and no activation between them: together they are one linear layer."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.plan.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule, and_more

_PRODUCT = "the product of two matrices is one matrix"


class _Pair(NamedTuple):
    """Two layers with weights, and the first layer on the way from one to the other, if there is one."""

    first: PlannedLayer
    second: PlannedLayer
    between: PlannedLayer | None


class _Linear(NamedTuple):
    """The nearest layer with weights that a volume is linear in, and what it has passed since."""

    source: PlannedLayer
    passed: PlannedLayer | None


def check(plan: Plan, findings: Findings) -> None:
    """One finding for the whole network, at the first two neighbours."""
    pairs = _pairs(plan)
    if not pairs:
        return
    nearest = min(pairs, key=_nearness)
    first, second, between = nearest.first.node, nearest.second.node, nearest.between
    findings.add(
        "ND401",
        f"no activation stands between {first.name} and {second.name}{and_more(len(pairs) - 1, 'pair')}",
        second.span,
        f"only {between.node.name} is between them" if between else _PRODUCT,
        severity=Severity.WARNING,
        secondary=(Label(first.span, "linear, like the layer behind it"),),
        help=("write `default activation relu`, or put RELU between them",),
    )


def _nearness(pair: _Pair) -> tuple[int, int]:
    first, second = pair.first.node.position, pair.second.node.position
    return (second - first, first)


def _pairs(plan: Plan) -> list[_Pair]:
    """Each layer with weights and the next one that reads its numbers without an activation between.

    Where branches meet, linear parts of several layers come together and no longer make one layer:
    a sum or a concatenation ends the search.
    """
    before: list[_Linear | None] = []
    pairs = []
    for planned in plan.layers:
        layer, inputs = planned.node.layer, planned.node.inputs
        nearest = before[inputs[0]] if len(inputs) == 1 else None
        if layer.activates:
            nearest = None
        elif layer.weighs:
            if nearest is not None and not _is_bottleneck(nearest.source, planned):
                pairs.append(_Pair(nearest.source, planned, nearest.passed))
            nearest = _Linear(planned, None)
        elif nearest is not None and nearest.passed is None:
            nearest = _Linear(nearest.source, planned)
        before.append(nearest)
    return pairs


def _is_bottleneck(first: PlannedLayer, second: PlannedLayer) -> bool:
    """Whether fewer numbers pass between the two than go in and come out: then one layer in their
    place would need more weights, and leaving the activation out is MobileNet's or FCN's intent."""
    between = first.output.values
    return between < sum(volume.values for volume in first.inputs) and between < second.output.values


RULE = Rule("linear-layers-collapse", "ND401", check)
