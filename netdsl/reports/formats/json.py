"""All of a run as one JSON object: networks with their findings, and of their plans what was asked for."""

from __future__ import annotations

from netdsl.reports.as_json import outcomes_as_json
from netdsl.reports.checked import Checked


def write(checked: Checked) -> str:
    """The report of a run."""
    return outcomes_as_json(
        [(one.file, one.plan, one.findings) for one in checked.found], statistics=checked.statistics
    )
