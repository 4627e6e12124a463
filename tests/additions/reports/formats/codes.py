"""The codes of what is found, a line for each file."""

from __future__ import annotations

from netdsl.reports.checked import Checked


def write(checked: Checked) -> str:
    """``unlucky.net: ND499``; only the name where nothing is found."""
    lines = [f"{file}: {' '.join(finding.code for finding in findings)}" for file, findings in checked.checks]
    return "".join(f"{line.strip()}\n" for line in lines)
