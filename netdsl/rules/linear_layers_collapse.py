"""Layers with weights and no activation between them: together they are one linear layer."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.plan.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule, and_more

_Pair = tuple[PlannedLayer, PlannedLayer]


def check(plan: Plan, findings: Findings) -> None:
    """One finding for the whole network, at the first two neighbours."""
    pairs = _pairs(plan)
    if not pairs:
        return
    first, second = (layer.node for layer in min(pairs, key=_nearness))
    between = [plan.layers[place].node.name for place in range(first.position + 1, second.position)]
    findings.add(
        "ND401",
        f"no activation stands between {first.name} and {second.name}{and_more(len(pairs) - 1, 'pair')}",
        second.span,
        f"only {between[0]} is between them" if between else "the product of two matrices is one matrix",
        severity=Severity.WARNING,
        secondary=(Label(first.span, "linear, like the layer behind it"),),
        help=("write `default activation relu`, or put RELU between them",),
    )


def _nearness(pair: _Pair) -> tuple[int, int]:
    first, second = (layer.node.position for layer in pair)
    return (second - first, first)


def _pairs(plan: Plan) -> list[_Pair]:
    """Each layer with weights and the next one that reads its numbers without an activation between.

    Where branches meet, linear parts of several layers come together and no longer make one layer:
    a sum or a concatenation ends the search.
    """
    before: list[PlannedLayer | None] = []
    pairs = []
    for planned in plan.layers:
        layer, inputs = planned.node.layer, planned.node.inputs
        nearest = before[inputs[0]] if len(inputs) == 1 else None
        if layer.activates:
            nearest = None
        elif layer.weighs:
            if nearest is not None and not _is_bottleneck(nearest, planned):
                pairs.append((nearest, planned))
            nearest = planned
        before.append(nearest)
    return pairs


def _is_bottleneck(first: PlannedLayer, second: PlannedLayer) -> bool:
    """Whether fewer numbers pass between the two than go in and come out: then one layer in their
    place would need more weights, and leaving the activation out is MobileNet's or FCN's intent."""
    between = first.output.values
    return between < sum(volume.values for volume in first.inputs) and between < second.output.values


RULE = Rule("linear-layers-collapse", "ND401", check)
