"""Advice: one file per fault, found by being here."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from netdsl.diagnostics import Diagnostic, Findings
from netdsl.plan.plan import Plan
from netdsl.rules.rule import Rule


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of this package, in order of name."""
    found = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        rule = getattr(loaded, "RULE", None)
        if isinstance(rule, Rule):
            found.append(rule)
    return tuple(found)


def advise(plan: Plan) -> list[Diagnostic]:
    """What there is to say about a network that checks."""
    findings = Findings(plan.network.source)
    for rule in rules():
        rule.check(plan, findings)
    return findings.found
