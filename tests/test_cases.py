"""Runs every case of tests/cases; the format is explained in tests/cases/README.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from netdsl.diagnostics import Diagnostic, has_errors
from netdsl.planning.pipeline import load_plan
from netdsl.reports.as_table import plan_as_table
from netdsl.reports.as_text import diagnostic_as_text
from netdsl.rules import advise

FOLDER = Path(__file__).parent / "cases"
_CASE = re.compile(
    r"^# (?P<title>[^\n]+)\n.*?```net\n(?P<net>.*?)```.*?```expect\n(?P<expect>.*?)```", re.S | re.M
)


class Case(NamedTuple):
    net: str
    expected: list[str]


def _cases() -> list[object]:
    found = []
    for path in sorted(FOLDER.rglob("*.md")):
        if path.name != "README.md":
            text = path.read_text(encoding="utf-8")
            matches = list(_CASE.finditer(text))
            assert len(matches) == text.count("```net"), f"{path}: a case lacks its title or expect block"
            for match in matches:
                case = Case(match["net"], match["expect"].splitlines())
                found.append(pytest.param(case, id=f"{path.relative_to(FOLDER)}: {match['title']}"))
    return found


def _place(finding: Diagnostic) -> str:
    assert finding.source is not None
    assert finding.primary is not None
    line, column = finding.source.position(finding.primary.span.start)
    return f"{finding.code} {line}:{column}"


@pytest.mark.parametrize("case", _cases())
def test_case(case: Case) -> None:
    plan, findings = load_plan(case.net, "case.net")
    if plan is not None:
        findings = [*findings, *advise(plan)]
    rendered = {_place(finding): diagnostic_as_text(finding) for finding in findings}
    rows = [" ".join(row.split()) for row in plan_as_table(plan).splitlines()] if plan else []
    places = []
    for line in case.expected:
        first, _, rest = line.partition(" ")
        if first == "exit":
            assert int(rest) == int(has_errors(findings)), "\n".join(rendered.values())
        elif first == "table":
            assert any(row.startswith(rest) for row in rows), "\n".join([rest, *rows])
        else:
            place, _, words = rest.partition(" ")
            key = f"{first} {place}"
            places.append(key)
            assert key in rendered, "\n".join([f"no {key} in", *rendered.values()])
            assert words in rendered[key], rendered[key]
    assert [_place(finding) for finding in findings] == list(dict.fromkeys(places))
