"""The last volume that has a height and a width sees too little of the image to judge it."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule

_FEW = 3
"""Layers with windows: fewer are no stack that was meant to see far."""


def check(plan: Plan, findings: Findings) -> None:
    """One finding, at the layer that puts all positions together."""
    gathering = _gathering(plan)
    if gathering is None:
        return
    before = plan.layers[gathering.node.inputs[0]]
    seen, image = before.receptive_field, plan.input.size
    if seen is None or (2 * seen.height >= image.height and 2 * seen.width >= image.width):
        return
    if sum(_looks_around(planned) for planned in plan.layers[: gathering.node.position]) < _FEW:
        return
    findings.add(
        "ND408",
        f"each position before {gathering.node.name} sees only {seen} of the {image} image",
        gathering.node.span,
        f"combines {gathering.inputs[0].size} separate views",
        severity=Severity.NOTE,
        secondary=(Label(before.node.span, f"sees {seen}"),),
        help=("more layers, larger filters, strides and pools all widen the view",),
    )


def _gathering(plan: Plan) -> PlannedLayer | None:
    """The layer whose window is the whole of a volume: the pool or the neurons after the last
    volume with a height and a width. None in a network that keeps them to its end."""
    if plan.output.size != (1, 1):
        return None
    for planned in reversed(plan.layers):
        if len(planned.inputs) == 1 and planned.inputs[0].size != (1, 1):
            (x,) = planned.inputs
            return planned if planned.node.layer.window(x).kernel == x.size else None
    return None


def _looks_around(planned: PlannedLayer) -> bool:
    layer = planned.node.layer
    return layer.has_weights and layer.window(*planned.inputs).kernel != (1, 1)


RULE = Rule("narrow-receptive-field", "ND408", check)
