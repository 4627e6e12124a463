"""A closing softmax at each position of a volume, where the layer that makes the class scores is missing."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.quantities import Size
from netdsl.rules.rule import Rule


def check(plan: Plan, findings: Findings) -> None:
    """One finding, at the softmax.

    Networks that give each pixel a class end so, too: they score it with filters of 1x1, enlarge what they
    have made smaller, or keep the size of the image all along. Nothing is said about those.
    """
    closing = plan.layers[-1]
    volume = closing.output
    if not closing.node.layer.yields_probabilities or volume.size == (1, 1) or _gives_pixels_classes(plan):
        return
    node, before = closing.node, plan.layers[closing.node.inputs[0]].node
    findings.add(
        "ND418",
        f"{node.name} takes {volume.channels} channels at each of {volume.height}x{volume.width} positions",
        node.span,
        "these are not class scores",
        severity=Severity.WARNING,
        secondary=(Label(before.span, f"makes {volume}"),),
        help=(
            "put the class scores before it: `FC 10`, with as many neurons as there are classes",
            "or, where each position gets a class, score it with filters of 1x1: `CONV 10 1x1`",
        ),
    )


def _gives_pixels_classes(plan: Plan) -> bool:
    closing = plan.layers[-1]
    image = plan.layers[0].output.size
    if closing.output.size == image and any(planned.node.layer.has_weights for planned in plan.layers):
        return True
    position = closing.node.position
    while len(plan.layers[position].node.inputs) == 1:
        planned = plan.layers[position]
        if _enlarges(planned):
            return True
        if planned.node.layer.has_weights:
            return getattr(planned.node.layer, "kernel", None) == Size(1, 1)
        (position,) = planned.node.inputs
    return len(plan.layers[position].node.inputs) > 1  # branches that are joined, as for several sizes


def _enlarges(planned: PlannedLayer) -> bool:
    (volume,) = planned.inputs
    return planned.output.height > volume.height or planned.output.width > volume.width


RULE = Rule("softmax-over-volume", "ND418", check)
