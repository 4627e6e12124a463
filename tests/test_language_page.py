"""docs/language.md: every example checks, or fails as the block behind it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netdsl.diagnostics import Diagnostic, has_errors
from netdsl.plan.load import load_plan
from netdsl.reports.as_text import diagnostic_as_text
from netdsl.rules import advise

PAGE = Path(__file__).parent.parent / "docs" / "language.md"
EXAMPLES = re.findall(r"```net\n(.*?)```\n(?:\n```expect\n(.*?)```)?", PAGE.read_text(encoding="utf-8"), re.S)


def _place(finding: Diagnostic) -> str:
    assert finding.source is not None
    assert finding.primary is not None
    line, column = finding.source.position(finding.primary.span.start)
    return f"{finding.code} {line}:{column}"


@pytest.mark.parametrize(("net", "expected"), EXAMPLES)
def test_example(net: str, expected: str) -> None:
    plan, findings = load_plan(net, "example.net")
    advice = advise(plan) if plan is not None else []
    shown = "".join(diagnostic_as_text(finding) for finding in [*findings, *advice])
    if not expected:
        assert plan is not None, shown
        assert not findings, shown
        return
    exit_line, *lines = expected.splitlines()
    assert exit_line == f"exit {int(has_errors(findings))}", shown
    found = {_place(finding): diagnostic_as_text(finding) for finding in [*findings, *advice]}
    assert list(found) == [" ".join(line.split()[:2]) for line in lines], shown
    for line in lines:
        code, place, *words = line.split(" ")
        assert " ".join(words) in found[f"{code} {place}"]


def test_the_page_has_its_examples() -> None:
    assert len(EXAMPLES) == PAGE.read_text(encoding="utf-8").count("```net")
