"""The way from a text to a plan, in one call."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.diagnostics import Diagnostic, Findings, has_errors, sort_key
from netdsl.graph.resolve import resolve
from netdsl.plan.expectations import check_expectations
from netdsl.plan.plan import Plan
from netdsl.plan.planner import plan_draft
from netdsl.source import Source
from netdsl.syntax.parser import parse


class Checked(NamedTuple):
    """``plan`` is None where there are errors; ``diagnostics`` are in the order of the text."""

    plan: Plan | None
    diagnostics: list[Diagnostic]


def plan_source(source: Source) -> Checked:
    """Parse, resolve and plan a network; every mistake of the text is found in this one call.

    Never raises for what a text holds.
    """
    parsed = parse(source)
    findings = Findings(source)
    findings.found.extend(parsed.diagnostics)
    plan = None
    if parsed.file is not None:
        draft = resolve(parsed.file, source, findings)
        if draft is not None:
            plan = plan_draft(draft, findings)
    if plan is not None and not has_errors(findings.found):
        check_expectations(plan, findings)
    found = sorted(findings.found, key=sort_key)
    return Checked(None if has_errors(found) else plan, found)


def load_plan(text: str, name: str = "<text>") -> Checked:
    """``plan_source`` for a plain string."""
    return plan_source(Source(name, text))
