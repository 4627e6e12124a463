"""Probabilities where cross-entropy expects scores: it would apply softmax a second time."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule


def check(plan: Plan, findings: Findings) -> None:
    """One finding, at probabilities that the layers after them pass on as if they were scores.

    A closing softmax is no mistake, as training takes the scores that go into it; where the recipe
    asks for cross-entropy, a note says so. Where it asks for another loss, probabilities are wanted.
    """
    position = len(plan.layers) - 1
    if plan.layers[position].node.layer.yields_probabilities:
        _report_closing(plan, findings)
    while position > 0:
        planned = plan.layers[position]
        if planned.node.layer.yields_probabilities and position < len(plan.layers) - 1:
            if plan.network.recipe is None or plan.network.recipe.recipe.loss.name == "cross-entropy":
                _report(planned, plan.layers[-1], findings)
            return
        if planned.node.layer.has_weights or len(planned.node.inputs) != 1 or planned.output.size != (1, 1):
            return
        position = planned.node.inputs[0]


def _report_closing(plan: Plan, findings: Findings) -> None:
    recipe, node = plan.network.recipe, plan.layers[-1].node
    loss_span = (
        recipe.span("loss") if recipe is not None and recipe.recipe.loss.name == "cross-entropy" else None
    )
    if loss_span is not None:
        findings.add(
            "ND405",
            f"{node.name} comes before cross-entropy, which applies softmax itself",
            node.span,
            "left out of the loss in training",
            severity=Severity.NOTE,
            secondary=(Label(loss_span, "works on the scores before it"),),
            notes=("other frameworks would apply softmax twice: PyTorch's CrossEntropyLoss wants scores",),
        )


def _report(planned: PlannedLayer, last: PlannedLayer, findings: Findings) -> None:
    node = planned.node
    findings.add(
        "ND405",
        f"{node.name} makes probabilities, and {last.node.name} after it passes them on as scores",
        node.span,
        "cross-entropy applies softmax to scores itself",
        severity=Severity.WARNING,
        secondary=(Label(last.node.span, "the network ends here"),),
        notes=("softmax of probabilities is nearly uniform: of 10 classes none gets more than 23.2 %",),
        help=(f"leave {node.name} out, or make it the last layer",),
    )


RULE = Rule("softmax-before-cross-entropy", "ND405", check)
