"""docs/rules.md: its networks check as the blocks behind them say; its settings are those of the example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netdsl.commands.checking.one_file import checked
from netdsl.diagnostics import has_errors
from netdsl.gate.reading import OF_FILES, OF_RUNS
from netdsl.reports.as_text import diagnostic_as_text
from netdsl.source import Source

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```net\n(.*?)```\n(?:\n```expect\n(.*?)```)?", PAGE, re.S)


@pytest.mark.parametrize(("net", "expected"), EXAMPLES)
def test_example(net: str, expected: str) -> None:
    _, findings = checked(Source("example.net", net))
    shown = []
    for one in findings:
        assert one.source is not None
        assert one.primary is not None
        line, column = one.source.position(one.primary.span.start)
        shown.append((f"{one.code} {line}:{column}", diagnostic_as_text(one)))
    exit_line, *lines = (expected or "exit 0").splitlines()
    assert exit_line == f"exit {int(has_errors(findings))}"
    assert [place for place, _ in shown] == [" ".join(line.split(" ")[:2]) for line in lines]
    for line, (_, text) in zip(lines, shown, strict=True):
        assert " ".join(line.split(" ")[2:]) in text


def test_the_page_has_its_examples() -> None:
    assert len(EXAMPLES) == PAGE.count("```net") == 2


def test_settings_are_those_of_the_example() -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
    assert shown == (DOCS / "examples" / "project" / "netdsl.toml").read_text(encoding="utf-8")


def test_every_setting_is_in_the_table() -> None:
    rows = re.findall(r"^\| (`.*?) \|", PAGE, re.M)
    assert set(re.findall("`([a-z-]+)`", " ".join(rows))) == {*OF_FILES, *OF_RUNS}
