"""Dropout after the last weights: it drops class scores, including the right one."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.planning.plan import Plan
from netdsl.rules.rule import Rule


def check(plan: Plan, findings: Findings) -> None:
    """One finding for each dropout that no layer with weights follows."""
    if plan.output.size != (1, 1) or not any(alike[0].node.layer.is_dropout for alike in plan.alike):
        return
    reading = plan.readers
    weights_follow = [False] * len(plan.layers)
    for position in reversed(range(len(plan.layers))):
        weights_follow[position] = any(
            plan.layers[index].node.layer.has_weights or weights_follow[index] for index in reading[position]
        )
    scores = next((planned for planned in reversed(plan.layers) if planned.node.layer.has_weights), None)
    for planned in plan.layers:
        node = planned.node
        if node.layer.is_dropout and not weights_follow[node.position] and scores is not None:
            findings.add(
                "ND406",
                f"{node.name} follows the class scores of {scores.node.name}",
                node.span,
                "drops scores, that of the right class as often as others",
                severity=Severity.WARNING,
                secondary=(Label(scores.node.span, "makes the scores"),),
                help=(f"put it before {scores.node.name}, or leave it out",),
                cause="drops scores",
            )


RULE = Rule("dropout-after-scores", "ND406", check)
