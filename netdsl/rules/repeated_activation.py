"""An activation right after an activation: it changes nothing, or squashes again what is already squashed."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule, and_more, by_span


def check(plan: Plan, findings: Findings) -> None:
    """One finding for each such activation.

    A softmax after an activation, and whatever passes on probabilities as scores, have their own rules.
    """
    repeated = []
    ending = _behind_last_weights(plan)
    before: list[
        PlannedLayer | None
    ] = []  # the activation of the numbers that a layer passes on, moved or not
    for planned in plan.layers:
        layer, inputs = planned.node.layer, planned.node.inputs
        given = before[inputs[0]] if len(inputs) == 1 else None
        if given is not None and _repeats(given, planned, planned.node.position > ending):
            repeated.append((given, planned))
        if layer.is_activation:
            given = planned if planned.inputs == (planned.output,) else None
        elif not (layer.is_dropout or layer.keeps_order):
            given = None
        before.append(given)
    for found in by_span(repeated, lambda pair: pair[1].node.span):
        _report(found, findings)


def _report(found: list[tuple[PlannedLayer, PlannedLayer]], findings: Findings) -> None:
    (first, second), more = found[0], and_more(len(found) - 1, "layer")
    node = second.node
    if _changes_nothing(first, second):
        message = f"{node.name} changes nothing after {first.node.name}{more}"
        label = "leaves numbers from 0 up as they are"
        other = "makes only such numbers"
    else:
        message = f"{node.name} follows {first.node.name} with no weights between them{more}"
        label, other = "applies a second nonlinearity", "the first activation"
    findings.add(
        "ND416",
        message,
        node.span,
        label,
        severity=Severity.WARNING,
        cause="activated twice",
        secondary=(Label(first.node.span, other),),
        help=("leave one of them out, or put a layer with weights between them",),
    )


def _repeats(given: PlannedLayer, planned: PlannedLayer, ends: bool) -> bool:
    """Whether a second nonlinearity is a mistake: a decision is intended, and so is a probability, once."""
    first, layer = given.node.layer, planned.node.layer
    if (
        not layer.is_activation
        or layer.is_hard_decision
        or first.is_hard_decision
        or planned.inputs != (planned.output,)
    ):
        return False
    if first.yields_probabilities and ends:
        return False
    return first.yields_probabilities or not layer.yields_probabilities


def _changes_nothing(first: PlannedLayer, second: PlannedLayer) -> bool:
    return first.node.layer.never_negative and second.node.layer.keeps_positive


def _behind_last_weights(plan: Plan) -> int:
    weighing = [planned.node.position for planned in plan.layers if planned.node.layer.has_weights]
    return weighing[-1] if weighing else -1


RULE = Rule("repeated-activation", "ND416", check)
