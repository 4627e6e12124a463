"""Probabilities where cross-entropy expects scores: it would take the softmax a second time."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.plan.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule


def check(plan: Plan, findings: Findings) -> None:
    """One finding, at probabilities that the layers behind them hand on as if they were scores.

    A closing softmax is no fault: training takes the scores that go into it.
    """
    place = len(plan.layers) - 1
    while place > 0:
        planned = plan.layers[place]
        if planned.node.layer.yields_probabilities and place < len(plan.layers) - 1:
            _report(planned, plan.layers[-1], findings)
            return
        if planned.node.layer.weighs or len(planned.node.inputs) != 1 or planned.output.size != (1, 1):
            return
        place = planned.node.inputs[0]


def _report(planned: PlannedLayer, last: PlannedLayer, findings: Findings) -> None:
    node = planned.node
    findings.add(
        "ND405",
        f"{node.name} makes probabilities, and {last.node.name} behind it hands them on as scores",
        node.span,
        "cross-entropy takes the softmax of scores itself",
        severity=Severity.WARNING,
        secondary=(Label(last.node.span, "the network ends here"),),
        notes=("softmax of probabilities is nearly uniform: of 10 classes none gets more than 23.2 %",),
        help=(f"leave {node.name} out, or make it the last layer",),
    )


RULE = Rule("softmax-before-cross-entropy", "ND405", check)
