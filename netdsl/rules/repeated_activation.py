"""An activation right behind an activation: it changes nothing, or squashes what is squashed already."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.plan.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule, and_more


def check(plan: Plan, findings: Findings) -> None:
    """One finding for the whole network, at the first such activation.

    A softmax behind an activation, and whatever hands on probabilities as scores, have rules of their own.
    """
    found = []
    ending = _behind_last_weights(plan)
    for planned in plan.layers:
        before = _activation_before(plan, planned) if _is_activation(planned) else None
        if before is None or before.node.layer.decides:
            continue
        if before.node.layer.yields_probabilities and planned.node.position > ending:
            continue
        found.append((before, planned))
    if not found:
        return
    (first, second), more = found[0], and_more(len(found) - 1, "layer")
    node = second.node
    if _changes_nothing(first, second):
        message = f"{node.name} changes nothing behind {first.node.name}{more}"
        label = "leaves numbers of 0 and more as they are"
        other = "makes no others"
    else:
        message = f"{node.name} stands behind {first.node.name} with no weights between them{more}"
        label, other = "bends what is bent already", "the first activation"
    findings.add(
        "ND416",
        message,
        node.span,
        label,
        severity=Severity.WARNING,
        secondary=(Label(first.node.span, other),),
        help=("leave one of them out, or put a layer with weights between them",),
    )


def _is_activation(planned: PlannedLayer) -> bool:
    """Whether a layer bends each number by itself; a decision or a probability is meant."""
    layer = planned.node.layer
    bends = layer.activates and not layer.decides and not layer.yields_probabilities
    return bends and planned.inputs == (planned.output,)


def _activation_before(plan: Plan, planned: PlannedLayer) -> PlannedLayer | None:
    """The activation whose numbers a layer is given, dropped or in another volume as they may be."""
    place = planned.node.inputs[0]
    while True:
        before = plan.layers[place]
        layer = before.node.layer
        if layer.activates:
            return before if before.inputs == (before.output,) else None
        if not (layer.drops or layer.keeps_order) or len(before.node.inputs) != 1:
            return None
        (place,) = before.node.inputs


def _changes_nothing(first: PlannedLayer, second: PlannedLayer) -> bool:
    return first.node.layer.never_negative and second.node.layer.keeps_positive


def _behind_last_weights(plan: Plan) -> int:
    weighing = [planned.node.position for planned in plan.layers if planned.node.layer.weighs]
    return weighing[-1] if weighing else -1


RULE = Rule("repeated-activation", "ND416", check)
