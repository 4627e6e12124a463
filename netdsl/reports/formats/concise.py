"""Renders findings one a line, as compilers do and editors read: ``FILE:LINE:COLUMN: error ND301: ...``."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.reports.checked import Checked
from netdsl.reports.display import visible
from netdsl.reports.located import Check, located


def write(checked: Checked) -> str:
    """The report of a run."""
    return checks_as_concise(checked.checks)


def checks_as_concise(checks: Sequence[Check]) -> str:
    """A line for each finding, without excerpt, notes and cures."""
    lines = []
    for file, place, finding, _ in located(checks):
        where = f"{visible(file)}:{place.line}:{place.column}" if place else visible(file)
        lines.append(f"{where}: {finding.severity.value} {finding.code}: {visible(finding.message)}\n")
    return "".join(lines)
