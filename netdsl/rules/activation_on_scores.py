"""An activation after the last weights: cross-entropy and softmax expect raw scores."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule

_LOSS = "cross-entropy"


def check(plan: Plan, findings: Findings) -> None:
    """One finding, at the activation between the last weights and the softmax, or the end.

    A note where nothing in the file says which loss is taken: sigmoids are right before the squared error.
    After a pool the scores are means of activations, as in Network in Network, and no fault.
    """
    closing = plan.layers[-1]
    softmax = closing if closing.node.layer.yields_probabilities else None
    if softmax is None and (plan.output.size != (1, 1) or plan.output.values < 2):
        return
    recipe = plan.network.recipe
    if softmax is None and recipe is not None and recipe.recipe.loss.name != _LOSS:
        return
    activation = scores = None
    position = softmax.node.inputs[0] if softmax is not None else closing.node.position
    while scores is None:
        planned = plan.layers[position]
        if _is_activation(planned):
            activation = planned
        elif planned.node.layer.has_weights:
            scores = planned
        elif not _keeps_numbers_apart(planned):
            return
        if len(planned.node.inputs) != 1:
            return
        (position,) = planned.node.inputs
    if activation is not None:
        certain = softmax is not None or recipe is not None
        _report(activation, scores, softmax, certain, findings)


def _is_activation(planned: PlannedLayer) -> bool:
    """Whether a layer applies a nonlinearity to each score; a decision or a probability is intended."""
    layer = planned.node.layer
    bends = layer.is_activation and not layer.is_hard_decision and not layer.yields_probabilities
    return bends and planned.inputs == (planned.output,)


def _keeps_numbers_apart(planned: PlannedLayer) -> bool:
    layer = planned.node.layer
    return layer.keeps_order or layer.normalises or layer.is_dropout


def _report(
    activation: PlannedLayer,
    scores: PlannedLayer,
    softmax: PlannedLayer | None,
    certain: bool,
    findings: Findings,
) -> None:
    node, layer = activation.node, activation.node.layer
    taker = softmax.node.name if softmax is not None else "cross-entropy"
    if not certain:
        taker += ", the loss unless another is chosen,"
    classes = scores.output.channels
    effect = "distorts the scores"
    if layer.saturates and layer.never_negative:
        best = 100 * 2.718281828 / (2.718281828 + classes - 1)
        effect = f"scores from 0 to 1: of {classes} classes none gets more than {best:.1f} %"
    elif layer.never_negative:
        effect = "scores below 0 become 0, and get no gradient"
    elif layer.saturates:
        effect = "large scores saturate, and get no gradient"
    findings.add(
        "ND414",
        f"{node.name} follows the class scores of {scores.node.name}",
        node.span,
        effect,
        severity=Severity.WARNING if certain else Severity.NOTE,
        secondary=(Label(scores.node.span, "makes the scores"),),
        help=(f"leave {node.name} out: {taker} takes scores of any size",),
    )


RULE = Rule("activation-on-scores", "ND414", check)
