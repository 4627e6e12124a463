"""Compares a plan with the ``expect`` lines of its file."""

from __future__ import annotations

import operator

from netdsl.diagnostics import Findings
from netdsl.graph.network import Expectation
from netdsl.plan.plan import Plan
from netdsl.quantities import Volume, grouped

_RELATIONS = {"=": operator.eq, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
_WORDS = {"=": "", "<": "less than ", ">": "more than ", "<=": "at most ", ">=": "at least "}
_NOUNS = {"params": "parameters", "macs": "multiply-accumulates"}


def check_expectations(plan: Plan, findings: Findings) -> None:
    """Report every expectation that the plan does not meet."""
    for expectation in plan.network.expectations:
        if isinstance(expectation.value, Volume):
            if not plan.output.agrees(expectation.value):
                _wrong_output(plan, expectation, findings)
        else:
            _check_count(plan, expectation, expectation.value, findings)


def _wrong_output(plan: Plan, expectation: Expectation, findings: Findings) -> None:
    findings.add(
        "ND311",
        f"expected an output of {expectation.value}, found {plan.output}",
        expectation.value_span,
        f"{plan.layers[-1].node.name} makes {plan.output}",
    )


def _check_count(plan: Plan, expectation: Expectation, expected: int, findings: Findings) -> None:
    counts = {
        "params": [layer.parameter_count for layer in plan.layers],
        "macs": [layer.macs for layer in plan.layers],
    }[expectation.subject]
    received = sum(counts)
    if _RELATIONS[expectation.relation](received, expected):
        return
    noun = _NOUNS[expectation.subject]
    largest = sorted(zip(counts, plan.layers, strict=True), key=lambda pair: -pair[0])[:3]
    shares = ", ".join(f"{layer.node.name} {grouped(count)}" for count, layer in largest if count)
    findings.add(
        "ND311",
        f"expected {_WORDS[expectation.relation]}{grouped(expected)} {noun}, found {grouped(received)}",
        expectation.value_span,
        f"{grouped(abs(received - expected))} {'too many' if received > expected else 'too few'}",
        notes=(f"most are in {shares}",) if shares else (),
    )
