"""The pages of docs: every network checks, or fails as the block behind it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netdsl.diagnostics import Diagnostic, has_errors
from netdsl.planning.pipeline import load_plan
from netdsl.reports.as_text import diagnostic_as_text
from netdsl.rules import advise

DOCS = Path(__file__).parent.parent / "docs"
PAGES = [path for path in sorted(DOCS.rglob("*.md")) if path.name not in ("rules.md", "search.md")]
TEXT = "".join(path.read_text(encoding="utf-8") for path in PAGES)
EXAMPLES = re.findall(r"```net\n(.*?)```\n(?:\n```expect\n(.*?)```)?", TEXT, re.S)


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
    assert len(EXAMPLES) == TEXT.count("```net\n")


SHEET = (DOCS / "cheat-sheet.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?!what |in a |---)([a-z ]+) \| (.*) \|$", SHEET, re.M)
IMAGE = "input 48x48x116\n"
SETTING = {
    "joins": "input 8x8x4\na: CONV 4 3x3 same\nb: CONV 4 3x3 same\n",
    "padding": "input 32x32x3\nCONV 4 5x5 ",
    "normalisations": "input 8x8x32\n",
    "sizes": "input 28x28x2\n",
    "neurons": "input 84\n",
}
ENTRIES = ("optimizer", "schedule", "loss", "augment", "updates")
UNEVEN = ("ND301", "ND304")
"""Findings about sizes of the image here."""


@pytest.mark.parametrize(("row", "written"), ROWS)
def test_every_spelling_of_the_sheet_is_read(row: str, written: str) -> None:
    """Alone; what needs more around it, the page of the language shows."""
    for text in re.findall(r"`([^`]+)`", written):
        if row in ("shared weights", "other files", "patterns") or "UNPOOL" in text:
            continue
        one = text.replace("\\|", "|").replace("[ a | b ]", "[ @a | @b ]")
        if row in ENTRIES:
            entry = one if row == "updates" else f"{row} {one}"
            net = f"input 32x32x3\nCONV1: CONV 4 3x3\nFC1: FC 10\ntrain {{ {entry} }}\n"
        else:
            net = f"{SETTING.get(row, IMAGE)}{one}\n"
        findings = load_plan(net, "sheet.net").diagnostics
        wrong = [finding for finding in findings if finding.code not in UNEVEN]
        assert not has_errors(wrong), (net, [finding.message for finding in wrong])
