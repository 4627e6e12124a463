"""Renders findings as a report of GitLab's Code Quality."""

from __future__ import annotations

import json
from collections.abc import Sequence

from netdsl.diagnostics import Severity
from netdsl.reports.located import Check, located, told

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}


def checks_as_code_quality(checks: Sequence[Check]) -> str:
    """A list with an object for each finding, in the subset of Code Climate's format that GitLab reads."""
    issues = []
    for file, place, finding, fingerprint in located(checks):
        begin = {"line": place.line, "column": place.column} if place else {"line": 1, "column": 1}
        end = {"line": place.end_line, "column": place.end_column} if place else begin
        issues.append(
            {
                "description": f"{finding.code}: {finding.message}",
                "content": {"body": told(finding)},
                "check_name": finding.code,
                "fingerprint": fingerprint,
                "severity": _SEVERITIES[finding.severity],
                "location": {
                    "path": file.replace("\\", "/"),
                    "lines": {"begin": begin["line"], "end": end["line"]},
                    "positions": {"begin": begin, "end": end},
                },
            }
        )
    return json.dumps(issues, indent=1) + "\n"
