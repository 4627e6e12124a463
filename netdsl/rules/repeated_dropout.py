"""Dropout right behind dropout: together they are one, with a higher rate than either says."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.plan.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule, and_more


def check(plan: Plan, findings: Findings) -> None:
    """One finding for the whole network, at the first such dropout."""
    found = [(before, planned) for planned in plan.layers for before in _dropouts_before(plan, planned)]
    if not found:
        return
    first, second = (planned.node for planned in found[0])
    rates = [node.layer.__dict__.get("rate") for node in (first, second)]
    known = [rate for rate in rates if isinstance(rate, float)]
    together = 1 - (1 - known[0]) * (1 - known[1]) if len(known) == 2 else None
    label = f"together they leave out {100 * together:.4g} %" if together is not None else ""
    cure = f", or write `DROPOUT {together:.4g}`" if together is not None else ""
    findings.add(
        "ND417",
        f"{second.name} drops what {first.name} has left{and_more(len(found) - 1, 'layer')}",
        second.span,
        label,
        severity=Severity.WARNING,
        secondary=(Label(first.span, "drops already"),),
        help=(f"leave one of them out{cure}",),
    )


def _dropouts_before(plan: Plan, planned: PlannedLayer) -> list[PlannedLayer]:
    """The dropout whose numbers a dropout is given, in another volume as they may be; at most one."""
    if not planned.node.layer.drops:
        return []
    before = plan.layers[planned.node.inputs[0]]
    while before.node.layer.keeps_order and before.node.inputs:
        before = plan.layers[before.node.inputs[0]]
    return [before] if type(before.node.layer) is type(planned.node.layer) else []


RULE = Rule("repeated-dropout", "ND417", check)
