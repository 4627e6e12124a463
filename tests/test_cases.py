"""Runs every case of tests/cases; the format is explained in tests/cases/README.md.

`pytest --update` writes what a case expects anew where netdsl says something else.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from netdsl.diagnostics import Diagnostic, has_errors
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.reports.as_table import plan_as_table
from netdsl.reports.as_text import diagnostic_as_text
from netdsl.rules import advise

FOLDER = Path(__file__).parent / "cases"
_CASE = re.compile(
    r"^# (?P<title>[^\n]+)\n.*?```net\n(?P<net>.*?)```.*?```expect\n(?P<expect>.*?)```", re.S | re.M
)


class Case(NamedTuple):
    path: Path
    title: str
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
                case = Case(path, match["title"], match["net"], match["expect"].splitlines())
                found.append(pytest.param(case, id=f"{path.relative_to(FOLDER)}: {match['title']}"))
    return found


def _place(finding: Diagnostic) -> str:
    assert finding.source is not None
    assert finding.primary is not None
    line, column = finding.source.position(finding.primary.span.start)
    return f"{finding.code} {line}:{column}"


def _checked(net: str) -> tuple[Plan | None, list[Diagnostic]]:
    plan, findings = load_plan(net, "case.net")
    return plan, findings if plan is None else [*findings, *advise(plan)]


def _rows(plan: Plan | None) -> list[str]:
    return [" ".join(row.split()) for row in plan_as_table(plan).splitlines()] if plan else []


def updated(net: str, expected: list[str]) -> list[str]:
    """What a case is to expect: of the lines that it has those that hold, and new ones for the others."""
    plan, findings = _checked(net)
    lines = [f"exit {int(has_errors(findings))}"]
    for place in dict.fromkeys(map(_place, findings)):
        here = [finding for finding in findings if _place(finding) == place]
        asked = [line for line in expected if f"{line} ".startswith(f"{place} ")]
        rendered = diagnostic_as_text(here[-1])
        kept = [line for line in asked if line[len(place) + 1 :] in rendered]
        lines += kept if kept == asked and asked else [*kept, f"{place} {here[-1].message}"]
    for line in expected:
        if line.startswith("table "):
            row = line.removeprefix("table ")
            rows = _rows(plan)
            found = [row] if any(one.startswith(row) for one in rows) else []
            found = found or [one for one in rows if one.split()[:1] == row.split()[:1]]
            lines += [f"table {one}" for one in found[:1]]
    return lines


def _update(case: Case) -> None:
    """Write the block of a case in its file anew; other processes may be at other cases of the same file."""
    import fcntl  # not on Windows, where cases run, too

    with case.path.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = file.read()
        match = next(
            one for one in _CASE.finditer(text) if one["title"] == case.title and one["net"] == case.net
        )
        block = "".join(f"{line}\n" for line in case.expected)
        file.seek(0)
        file.write(text[: match.start("expect")] + block + text[match.end("expect") :])
        file.truncate()


@pytest.mark.parametrize("case", _cases())
def test_case(case: Case, pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--update"):
        new = updated(case.net, case.expected)
        if sorted(new) != sorted(case.expected):
            case = case._replace(expected=new)
            _update(case)
    plan, findings = _checked(case.net)
    rendered = {_place(finding): diagnostic_as_text(finding) for finding in findings}
    rows = _rows(plan)
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


CONV = "input 28x28x1\nCONV 6 5x5\n"


@pytest.mark.parametrize(
    ("net", "expected", "new"),
    [
        (CONV, ["exit 0"], ["exit 0"]),
        (
            CONV,
            ["exit 1", "ND999 1:1 x", "table CONV1 CONV 6 9x9"],
            ["exit 0", "table CONV1 CONV 6 5x5 24x24x6"],
        ),
        (CONV, ["exit 0", "table CONV1 CONV 6", "table CONV9"], ["exit 0", "table CONV1 CONV 6"]),
    ],
)
def test_what_holds_is_kept_and_the_rest_written_anew(net: str, expected: list[str], new: list[str]) -> None:
    found = updated(net, expected)
    assert [line[: len(one)] for line, one in zip(found, new, strict=True)] == new


def test_a_finding_that_is_worded_anew_keeps_its_place() -> None:
    net = "input 32x32x3\nRELU\nCONV 8 3x3 stride 2\n"
    words = "ND301 3:12 an input of 31 instead of 32 fits"
    found = updated(net, ["exit 0", words, "ND301 3:12 no such words"])
    assert found[:2] == ["exit 1", words]
    assert found[2].startswith("ND301 3:12 CONV1: the 3x3 filter does not fit")
    assert updated(net, found) == found
