"""Renders findings as workflow commands of GitHub Actions, which shows them beside the lines of a change,
and as the summary of a step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from netdsl.diagnostics import Severity
from netdsl.reports.checked import Checked
from netdsl.reports.display import markdown_cell, visible
from netdsl.reports.located import Check, Located, located, path_of, summary, told

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_LEVELS = list(_COMMANDS)

MOST_ROWS = 100
"""Findings in the summary of a step."""


def write(checked: Checked) -> str:
    """The report of a run."""
    return checks_as_annotations(checked.checks, checked.root)


def checks_as_annotations(checks: Sequence[Check], root: str = "") -> str:
    """A line for each finding after one that counts them. Of each level GitHub shows the first ten of a
    step only: errors come first, and of each level the first one of every file."""
    ranked: list[tuple[int, int, Located]] = []
    seen: Counter[tuple[str, Severity]] = Counter()
    for one in located(checks):
        key = one.file, one.finding.severity
        ranked.append((_LEVELS.index(one.finding.severity), seen[key], one))
        seen[key] += 1
    every = [one for _, _, one in sorted(ranked, key=lambda entry: entry[:2])]
    lines = [f"::notice title=netdsl::{_text(summary(checks))}\n"]
    for file, place, finding, _ in every:
        properties = {"file": path_of(file, root)}
        if place is not None:
            properties |= {"line": str(place.line), "endLine": str(place.end_line)}
            if place.line == place.end_line:  # columns of several lines are refused
                properties |= {"col": str(place.column), "endColumn": str(place.end_column)}
        properties["title"] = f"netdsl {finding.code}"
        written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        lines.append(f"::{_COMMANDS[finding.severity]} {written}::{_text(told(finding))}\n")
    return "".join(lines)


def checks_as_step_summary(checks: Sequence[Check]) -> str:
    """A heading and a table in Markdown."""
    every = list(located(checks))
    lines = [f"### netdsl: {summary(checks)}", ""]
    if every:
        lines += ["| file | line | | finding |", "|---|---|---|---|"]
    for file, place, finding, _ in every[:MOST_ROWS]:
        line = str(place.line) if place else ""
        what = f"{finding.severity.value} {finding.code}"
        lines.append(f"| {markdown_cell(file)} | {line} | {what} | {markdown_cell(finding.message)} |")
    if len(every) > MOST_ROWS:
        lines += ["", f"and {len(every) - MOST_ROWS:,} more"]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    shown = "\n".join(map(visible, text.split("\n")))
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
