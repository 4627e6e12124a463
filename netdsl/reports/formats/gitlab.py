"""Renders findings as a report of GitLab's Code Quality."""

from __future__ import annotations

import json
from collections.abc import Sequence

from netdsl.diagnostics import Severity
from netdsl.opening import writable
from netdsl.reports.checked import Checked
from netdsl.reports.located import Check, located, path_of, told

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}


def write(checked: Checked) -> str:
    """The report of a run."""
    return checks_as_code_quality(checked.checks, checked.root)


def checks_as_code_quality(checks: Sequence[Check], root: str = "") -> str:
    """A list with an object for each finding, in the subset of Code Climate's format that GitLab reads;
    files are named from the folder ``root`` on, as it wants them."""
    issues = []
    for file, place, finding, fingerprint in located(checks):
        begin = {"line": place.line, "column": place.column} if place else {"line": 1, "column": 1}
        end = {"line": place.end_line, "column": place.end_column} if place else begin
        issues.append(
            {
                "description": writable(f"{finding.code}: {finding.message}"),
                "content": {"body": told(finding)},
                "check_name": finding.code,
                "fingerprint": fingerprint,
                "severity": _SEVERITIES[finding.severity],
                "location": {
                    "path": path_of(file, root),
                    "lines": {"begin": begin["line"], "end": end["line"]},
                    "positions": {"begin": begin, "end": end},
                },
            }
        )
    return json.dumps(issues, indent=1) + "\n"
