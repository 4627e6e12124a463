"""Findings as JSON, each on a line."""

from __future__ import annotations

from netdsl.reports.as_json import findings_as_json_lines
from netdsl.reports.checked import Checked


def write(checked: Checked) -> str:
    """The report of a run."""
    return findings_as_json_lines(checked.checks)
