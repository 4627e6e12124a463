"""Dropout right after dropout: together they are one, with a higher rate than either says."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule, and_more, by_span


def check(plan: Plan, findings: Findings) -> None:
    """One finding for each such dropout."""
    if sum([len(alike) for alike in plan.alike if alike[0].node.layer.is_dropout]) < 2:
        return
    repeated = []
    dropped: list[PlannedLayer | None] = []  # the dropout whose numbers a layer passes on, moved or not
    for planned in plan.layers:
        layer, inputs = planned.node.layer, planned.node.inputs
        given = dropped[inputs[0]] if len(inputs) == 1 else None
        if given is not None and type(given.node.layer) is type(layer):
            repeated.append((given, planned))
        dropped.append(planned if layer.is_dropout else given if layer.keeps_order else None)
    for found in by_span(repeated, lambda pair: pair[1].node.span):
        _report(found, findings)


def _report(found: list[tuple[PlannedLayer, PlannedLayer]], findings: Findings) -> None:
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
        cause="dropped twice",
        secondary=(Label(first.span, "already drops"),),
        help=(f"leave one of them out{cure}",),
    )


RULE = Rule("repeated-dropout", "ND417", check)
