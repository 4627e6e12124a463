"""A normalisation right after the same one: everything is already normalised."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule, and_more, by_span


def check(plan: Plan, findings: Findings) -> None:
    """One finding for each such normalisation."""
    repeated = []
    for planned in plan.layers:
        layer, inputs = planned.node.layer, planned.node.inputs
        if layer.normalises and len(inputs) == 1:
            before = plan.layers[inputs[0]]
            if type(before.node.layer) is type(layer):
                repeated.append((before, planned))
    for found in by_span(repeated, lambda pair: pair[1].node.span):
        _report(found, findings)


def _report(found: list[tuple[PlannedLayer, PlannedLayer]], findings: Findings) -> None:
    first, second = (planned.node for planned in found[0])
    findings.add(
        "ND415",
        f"{second.name} normalises what {first.name} has normalised{and_more(len(found) - 1, 'layer')}",
        second.span,
        "of the two only its scale and shift are left",
        severity=Severity.WARNING,
        cause="normalised twice",
        secondary=(Label(first.span, "already normalises"),),
        help=(f"leave {second.name} out, or put a layer with weights between them",),
    )


RULE = Rule("repeated-normalisation", "ND415", check)
