"""Renders findings as SARIF 2.1.0 (OASIS, 2020), which code scanning reads."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import netdsl
from netdsl.diagnostics import Diagnostic, Severity
from netdsl.reports.checked import Checked
from netdsl.reports.homepage import homepage, page_of
from netdsl.reports.located import (
    Check,
    Located,
    Place,
    located,
    path_of,
    place_of,
    secondary_places,
    told,
    uri_of,
)
from netdsl.resources import explained_codes, explanation_text

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


_BEGINNING = Place(1, 1, 1, 1)
"""Where what is about a file as a whole is shown: services refuse results without a line."""


def write(checked: Checked) -> str:
    """The report of a run."""
    return checks_as_sarif(checked.checks, checked.root)


def checks_as_sarif(checks: Sequence[Check], root: str = "") -> str:
    """One run with all findings, the files that were checked, and the page of every code that occurs; files
    below the folder ``root`` are named from there."""
    every = list(located(checks))
    codes = sorted({one.finding.code for one in every})
    run = {
        "tool": {
            "driver": {
                "name": "netdsl",
                "version": netdsl.__version__,
                "informationUri": homepage(),
                "rules": [_rule(code) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "artifacts": [
            {"location": {"uri": uri_of(path)}}
            for path in dict.fromkeys(path_of(file, root) for file, _ in checks)
        ],
        "results": [
            _result(one, uri_of(path_of(one.file, root)), codes.index(one.finding.code)) for one in every
        ],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(code: str) -> dict[str, Any]:
    """The page of a code: its title, its first paragraph, and the whole."""
    rule: dict[str, Any] = {"id": code}
    if code in explained_codes():
        page = explanation_text(code)
        title = page.partition("\n")[0].removeprefix(f"# {code}: ")
        first = re.sub(r"\s+", " ", page.split("\n\n")[1])
        rule |= {
            "shortDescription": {"text": title},
            "fullDescription": {"text": first},
            "help": {"text": page, "markdown": page},
            "helpUri": page_of(code),
        }
    return rule


def _result(one: Located, uri: str, rule: int) -> dict[str, Any]:
    finding = one.finding
    location = {"artifactLocation": {"uri": uri}, "region": _region(one.place or _BEGINNING)}
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": told(finding)},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"netdsl/1": one.fingerprint},
    }
    related = [
        {
            "id": number,
            "message": {"text": label.text or "see here"},
            "physicalLocation": {"artifactLocation": {"uri": uri}, "region": _region(place)},
        }
        for number, (label, place) in enumerate(secondary_places(finding))
    ]
    if related:
        result["relatedLocations"] = related
    if finding.fix is not None and finding.source is not None:
        result["fixes"] = [_fix(uri, finding)]
    return result


def _region(place: Place) -> dict[str, int]:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _fix(uri: str, finding: Diagnostic) -> dict[str, Any]:
    assert finding.fix is not None
    assert finding.source is not None
    span = finding.fix.span
    region = _region(place_of(finding.source, span))
    if span.start == span.end:
        region["endLine"], region["endColumn"] = region["startLine"], region["startColumn"]
    replacement = {"deletedRegion": region, "insertedContent": {"text": finding.fix.replacement}}
    change = {"artifactLocation": {"uri": uri}, "replacements": [replacement]}
    what = finding.help[0] if finding.help else "fix it"
    return {"description": {"text": what}, "artifactChanges": [change]}
