"""What a project asks of every network: budgets, patterns of layers, kinds that must not be used."""

from __future__ import annotations

from heapq import nlargest
from operator import itemgetter

from netdsl.diagnostics import Diagnostic, Findings, sort_key
from netdsl.gate.settings import Budget, Required, Settings
from netdsl.planning.patterns import departure
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.quantities import FLOAT_BYTES, bytes_text, grouped

_HEAVIEST = 3
"""Layers that a finding names."""

_NOUNS = {"parameters": "parameters", "macs": "multiply-accumulates", "connections": "connections"}


def broken_contracts(plan: Plan, settings: Settings) -> list[Diagnostic]:
    """Where a network is over a budget (ND680), leaves a pattern (ND681) or has a layer of a kind that is
    forbidden (ND682): each at the layer that it is about."""
    if not (settings.budgets or settings.required or settings.forbidden):
        return []
    findings = Findings(plan.network.source)
    for budget in settings.budgets:
        _check_budget(plan, budget, findings)
    for required in settings.required:
        _check_pattern(plan, required, findings)
    if settings.forbidden:
        _check_kinds(plan, settings, findings)
    return sorted(findings.found, key=sort_key)


def amounts(plan: Plan, subject: str) -> list[int]:
    """What each layer has of a subject: a count, or for ``memory`` bytes, those of its parameters and of its
    output for one image. The sum is the figure under a table, or the two figures for memory."""
    return [_amount(layer, subject) for layer in plan.layers]


def _amount(layer: PlannedLayer, subject: str) -> int:
    if subject == "parameters":
        return layer.parameter_count
    if subject == "macs":
        return layer.macs
    if subject == "connections":
        return layer.node.layer.connections(*layer.inputs)
    return FLOAT_BYTES * (layer.parameter_count + layer.output.values)


def _check_budget(plan: Plan, budget: Budget, findings: Findings) -> None:
    each = amounts(plan, budget.subject)
    total = sum(each)
    if total <= budget.most:
        return
    largest = nlargest(_HEAVIEST, zip(each, plan.layers, strict=True), key=itemgetter(0))
    heaviest = largest[0][1]
    memory = budget.subject == "memory"
    over = total - budget.most
    if memory:
        said = f"the network takes {bytes_text(total)} of memory, {bytes_text(over)} over its budget"
        shares = ", ".join(f"{layer.node.name} {bytes_text(amount)}" for amount, layer in largest if amount)
        parameters = FLOAT_BYTES * plan.parameter_count
        notes = [
            f"parameters take {bytes_text(parameters)}, "
            f"the activations of one image {bytes_text(total - parameters)}"
        ]
    else:
        noun = _NOUNS[budget.subject]
        said = f"the network has {grouped(total)} {noun}, {grouped(over)} over its budget"
        shares = ", ".join(f"{layer.node.name} {grouped(amount)}" for amount, layer in largest if amount)
        notes = []
    findings.add(
        "ND680",
        said,
        heaviest.node.span,
        f"{_share(largest[0][0], total)} of it is in {heaviest.node.name}",
        notes=(*notes, f"most is in {shares}", f"the budget is {_written(budget)}, {budget.origin}"),
        cause=f"{budget.subject} {total}",
    )


def _share(part: int, total: int) -> str:
    return f"{100 * part // total} %"


def _written(budget: Budget) -> str:
    plain = budget.written.replace(",", "").isdecimal()
    return f"{grouped(budget.most)} bytes" if plain and budget.subject == "memory" else budget.written


def _check_pattern(plan: Plan, required: Required, findings: Findings) -> None:
    found = departure(plan, required.pattern)
    if found is None:
        return
    layer = found.culprit or found.before or plan.layers[0]
    findings.add(
        "ND681",
        found.message,
        layer.node.span,
        found.label,
        notes=(f"the pattern is {required.pattern.text}, {required.origin}",),
        cause=f"pattern {required.pattern.text}",
    )


def _check_kinds(plan: Plan, settings: Settings, findings: Findings) -> None:
    by_keyword = {keyword: kind for kind in settings.forbidden for keyword in kind.keywords}
    for layer in plan.layers:
        keyword = layer.node.layer.keyword
        kind = by_keyword.get(keyword)
        if kind is None or findings.crowded:
            continue
        findings.add(
            "ND682",
            f"{keyword} is a forbidden kind of layer",
            layer.node.span,
            f"adds {layer.node.name}" if layer.node.implied else "",
            notes=(f"{kind.word} is forbidden, {kind.origin}",),
            cause=f"kind {keyword}",
        )
