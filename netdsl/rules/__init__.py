"""Advice: one file per fault, found by being here."""

from __future__ import annotations

import importlib
import os
from functools import cache

from netdsl.diagnostics import Diagnostic, Findings, sort_key
from netdsl.planning.plan import Plan
from netdsl.rules.rule import Rule

_FOLDER = os.path.dirname(os.path.abspath(__file__))


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of this package, in order of name."""
    found = []
    for file in sorted(os.listdir(_FOLDER)):
        if file.endswith(".py"):
            rule = getattr(importlib.import_module(f"{__name__}.{file[:-3]}"), "RULE", None)
            if isinstance(rule, Rule):
                found.append(rule)
    return tuple(found)


def advise(plan: Plan) -> list[Diagnostic]:
    """The advice about a network that checks, in the order of the text."""
    findings = Findings(plan.network.source)
    for rule in rules():
        rule.check(plan, findings)
    return sorted(findings.found, key=sort_key)
