"""Advice: one file per fault, found by being here."""

from __future__ import annotations

import importlib
from functools import cache

from netdsl.diagnostics import Diagnostic, Findings, sort_key
from netdsl.planning.plan import Plan
from netdsl.resources import module_names
from netdsl.rules.rule import Rule


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of this package, in order of name."""
    found = []
    for name in module_names("rules"):
        rule = getattr(importlib.import_module(f"{__name__}.{name}"), "RULE", None)
        if isinstance(rule, Rule):
            found.append(rule)
    return tuple(found)


def advise(plan: Plan) -> list[Diagnostic]:
    """The advice about a network that checks, in the order of the text."""
    findings = Findings(plan.network.source)
    for rule in rules():
        rule.check(plan, findings)
    return sorted(findings.found, key=sort_key)
