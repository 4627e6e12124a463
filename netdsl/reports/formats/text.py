"""Findings and tables for people, as they would stand on a terminal without colours."""

from __future__ import annotations

from netdsl.reports.as_text import diagnostics_as_text
from netdsl.reports.checked import Checked


def write(checked: Checked) -> str:
    """The report of a run."""
    return "".join(diagnostics_as_text(one.findings) + one.table for one in checked.shown)
