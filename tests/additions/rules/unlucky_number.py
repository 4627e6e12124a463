"""Thirteen neurons."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Severity
from netdsl.planning.plan import Plan
from netdsl.rules.rule import Rule


def check(plan: Plan, findings: Findings) -> None:
    """Layers with weights and 13 outputs."""
    for planned in plan.layers:
        if planned.node.layer.weighs and planned.output.values == 13:
            findings.add(
                "ND499",
                f"{planned.node.name} has 13 neurons",
                planned.node.span,
                severity=Severity.WARNING,
                help=("take 12",),
            )


RULE = Rule("unlucky-number", "ND499", check)
