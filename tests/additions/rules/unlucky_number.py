"""Thirteen outputs."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Severity
from netdsl.planning.plan import Plan
from netdsl.rules.rule import Rule


def check(plan: Plan, findings: Findings) -> None:
    """Layers of 13 outputs."""
    for node in (planned.node for planned in plan.layers if planned.output.values == 13):
        findings.add("ND499", f"{node.name} has 13 outputs", node.span, severity=Severity.WARNING)


RULE = Rule("unlucky-number", "ND499", check)
