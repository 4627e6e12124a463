"""What the commands write as JSON is what the published schemas say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("jsonschema")

from schemas import validate, validator

from netdsl.commands import run
from netdsl.counting import tool_names
from netdsl.counting.columns import column_names
from netdsl.diagnostics import Diagnostic
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.reports.as_json import checks_as_json, findings_as_json_lines
from netdsl.resources import schema_names
from netdsl.rules import advise

ROOT = Path(__file__).parent.parent
SMALL = ["lenet", "alexnet", "zfnet"]


def cases() -> Iterator[tuple[str, Plan | None, list[Diagnostic]]]:
    """Every text of tests/cases, sound or not."""
    for path in sorted((ROOT / "tests" / "cases").rglob("*.md")):
        for text in re.findall(r"```net\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            plan, findings = load_plan(text, f"{path.stem}.net")
            yield f"{path.stem}.net", plan, [*findings, *(advise(plan) if plan is not None else ())]


@pytest.mark.slow
def test_plans_and_findings_of_all_cases() -> None:
    checks = [*cases()]
    assert len(checks) > 200
    validate("check", checks_as_json(checks))
    for line in findings_as_json_lines([(file, findings) for file, _, findings in checks]).splitlines():
        validate("finding", line)


@pytest.mark.slow
def test_shipped_networks(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(ROOT / "nets"), "--format", "json"]) == 0
    validate("check", capsys.readouterr().out)


def test_columns_and_other_tools(capsys: pytest.CaptureFixture[str]) -> None:
    tools = [word for name in tool_names() for word in ("--like", name)]
    assert run(["check", *SMALL, "--format", "json", "--columns", ",".join(column_names()), *tools]) == 0
    out = capsys.readouterr().out
    validate("check", out)
    assert set(json.loads(out)["networks"][0]["plan"]["like"]) == set(tool_names())


@pytest.mark.parametrize("other", ["input 32x32x1\nCONV 6 5x5 - FC 10\n", "input 32x32x3\nlet n = 3\nFC n\n"])
def test_differences(other: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.net"
    path.write_text(other)
    assert run(["diff", "lenet", str(path), "--format", "json"]) == 0
    validate("diff", capsys.readouterr().out)


def test_files_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in {"empty": b"", "binary": b"\0", "latin": b"\xe4", "recipe": b"batch"}.items():
        (tmp_path / f"{name}.{'train' if name == 'recipe' else 'net'}").write_bytes(content)
    names = [*map(str, sorted(tmp_path.iterdir())), str(tmp_path / "absent.net"), str(tmp_path)]
    assert run(["check", *names, "--format", "json"]) == 1
    out = capsys.readouterr().out
    validate("check", out)
    summary = json.loads(out)["summary"]
    findings = [one for network in json.loads(out)["networks"] for one in network["diagnostics"]]
    assert summary["errors"] == sum(one["severity"] == "error" for one in findings)
    assert all(one["file"] for one in findings)


@pytest.mark.parametrize("kind", schema_names())
def test_a_schema_is_printed(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", kind]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert kind in (printed["$id"].rsplit(":")[-1].removesuffix("-1"), "finding")
    objects = [printed] if "properties" in printed else list(printed["$defs"].values())
    (named,) = [one["properties"]["schema"]["const"] for one in objects]
    assert named == f"netdsl-{printed['$id'].rsplit(':')[-1]}"
    assert not validator(kind).is_valid({"schema": named})
    assert not validator(kind).is_valid([{"schema": named}])


def test_a_finding_is_the_same_alone_and_in_a_report() -> None:
    """The two schemas say the same of it."""
    from netdsl.resources import schema_text

    check, finding = (json.loads(schema_text(kind)) for kind in ("check", "finding"))
    assert {**finding["properties"], "schema": None} == {
        **check["$defs"]["finding"]["properties"],
        "schema": None,
    }
    assert all(check["$defs"][name] == part for name, part in finding["$defs"].items())
