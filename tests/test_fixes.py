"""Fixes: every one mends its finding, those called safe leave the network as it was, files stay whole."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.diagnostics import Diagnostic, Edit
from netdsl.edits import edited, mended
from netdsl.planning.pipeline import plan_source
from netdsl.resources import explained_codes, explanation_text
from netdsl.rules import advise
from netdsl.source import Source, Span
from netdsl.text.printer import print_network

FAULTY = """\
dialect torch
[27x27x96] INPUT
[27x27x256] CONV2: 256 5x5 filtrs at stride 1 (second)   # kept
BN
[13x13x256] MAX POOL2: 3x3 filters at stride 2
[13x13x383] KONV3: 384 3x3 filters at stride 1
POOL 2x2 stride 2
FC 10
expect params <= 2M
"""

MENDED = """\
dialect torch
[27x27x96] INPUT
[27x27x256] CONV2: 256 5x5 filters at stride 1 pad 2 no bias (second)   # kept
BN
[13x13x256] MAX POOL2: 3x3 filters at stride 2 pad 0
[13x13x383] CONV3: 383 3x3 filters at stride 1 pad 1
POOL 2x2 stride 2 pad 0 floor
FC 10
expect params <= 2M
"""


def _pages() -> dict[str, list[str]]:
    """Every network in the cases, the pages of codes and the page of the language."""
    root = Path(__file__).parent
    cases = root / "cases"
    pages = {str(path.relative_to(cases)): path.read_text("utf-8") for path in sorted(cases.rglob("*.md"))}
    pages |= {code: explanation_text(code) for code in explained_codes()}
    pages["language.md"] = (root.parent / "docs" / "language.md").read_text("utf-8")
    return {"a faulty text": [FAULTY]} | {
        name: re.findall(r"```net\n(.*?)```", page, re.S) for name, page in pages.items()
    }


PAGES = _pages()


def _texts() -> list[str]:
    return [text for texts in PAGES.values() for text in texts]


def check(source: Source) -> list[Diagnostic]:
    plan, findings = plan_source(source)
    return [*findings, *advise(plan)] if plan is not None else findings


@cache
def _fixable(text: str) -> list[Diagnostic]:
    return [finding for finding in check(Source("a.net", text)) if finding.fix is not None]


@pytest.mark.slow
def test_many_findings_have_fixes() -> None:
    codes = {finding.code for text in _texts() for finding in _fixable(text)}
    assert {"ND201", "ND202", "ND216", "ND221", "ND310", "ND313", "ND403", "ND409", "ND530"} <= codes


@pytest.mark.parametrize("page", PAGES)
def test_fixes_mend_their_findings(page: str) -> None:
    for text in PAGES[page]:
        for finding in _fixable(text):
            _mends(text, finding)


def _mends(text: str, finding: Diagnostic) -> None:
    assert finding.fix is not None
    assert finding.primary is not None
    better, count = edited(text, [finding.fix])
    assert count == 1
    after = check(Source("a.net", better))
    same = [
        other
        for other in after
        if (other.code, other.message) == (finding.code, finding.message)
        and other.primary is not None
        and other.primary.span.start == finding.primary.span.start
    ]
    assert not same, better
    if finding.fix.safe:
        before_plan, after_plan = (
            plan_source(Source("a.net", text)).plan,
            plan_source(Source("a.net", better)).plan,
        )
        if before_plan is not None:
            assert after_plan is not None
            volumes = [layer.output for layer in before_plan.layers]
            assert [layer.output for layer in after_plan.layers] == volumes
            assert after_plan.parameter_count == before_plan.parameter_count


def test_what_follows_from_a_claim_is_written_down() -> None:
    text = "[27x27x96] INPUT\n[27x27x256] CONV2: 256 5x5 filters at stride 1\nRELU\nFC 10\n"
    better, count = mended(Source("a.net", text), check, unsafe=False)
    assert (better.text, count) == (text.replace("stride 1", "stride 1 pad 2"), 1)
    plans = [plan_source(source).plan for source in (Source("a.net", text), better)]
    assert plans[0] is not None
    assert plans[1] is not None
    assert print_network(plans[0].network) == print_network(plans[1].network)


def test_different_changes_of_one_place_are_left_out() -> None:
    one, other = Edit(Span(1, 2), "x"), Edit(Span(1, 2), "y")
    assert edited("abc", [one, other]) == ("abc", 0)
    assert edited("abc", [one, one]) == ("axc", 1)
    assert edited("abcdef", [Edit(Span(0, 1), "X"), Edit(Span(3, 3), "Y")]) == ("XbcYdef", 2)


def test_a_repeated_group_gets_no_fix_that_suits_one_use_only() -> None:
    block = "block STEP(claimed) { CONV 8 3x3 - RELU }\n"
    text = f"dialect torch\ninput 12x12x3\n{block}STEP(1) - POOL 3x3 stride 2\nFC 10\n"
    better, _ = mended(Source("a.net", text), check, unsafe=False)
    assert plan_source(better).plan is not None


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.net"
    path.write_text(FAULTY)
    assert run(["check", str(path)]) == 1
    assert path.read_text() == FAULTY
    assert "no safe fixes; 2 unsafe fixes available (--fix --unsafe)" in capsys.readouterr().err
    assert run(["check", "--fix", str(path)]) == 1
    assert path.read_text() == FAULTY
    assert run(["check", "--fix", "--unsafe", str(path)]) == 0
    assert path.read_text() == MENDED
    assert f"{path}: 8 fixed" in capsys.readouterr().err
    assert run(["check", "--fix", "--unsafe", str(path)]) == 0
    assert path.read_text() == MENDED


@pytest.mark.parametrize("arguments", [["--fix", "-"], ["--fix", "lenet"], ["--unsafe", "lenet"]])
def test_what_cannot_be_changed_is_a_usage_error(arguments: list[str]) -> None:
    assert run(["check", *arguments]) == 2


def test_used_files_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "blocks.net").write_text("block A { KONV 8 3x3 - RELU }\n")
    (tmp_path / "a.net").write_text('use "blocks.net"\ninput 8x8x1\nA\nKONV 4 3x3\n')
    run(["check", "--fix", "--unsafe", str(tmp_path / "a.net")])
    assert (tmp_path / "blocks.net").read_text() == "block A { KONV 8 3x3 - RELU }\n"
    assert "\nCONV 4 3x3" in (tmp_path / "a.net").read_text()


needs_copies = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system copies no processes")


@pytest.mark.slow
@needs_copies
@pytest.mark.parametrize("way", [["--fix"], ["--fix", "--unsafe"], ["--diff", "--unsafe"]])
def test_files_are_mended_on_all_cores_as_one_by_one(
    way: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also where a file uses one that is mended before it, is there twice, is absent or cannot be written."""
    came_to = []
    for jobs in (1, 3):
        folder = tmp_path / str(jobs)
        folder.mkdir()
        monkeypatch.chdir(folder)
        for number in range(12):
            lines = "CONV 8 3x3 - BN - RELU   # netdsl: ignore ND401\n" if number % 3 else "FC 10 no bais\n"
            Path(f"{number:02}.net").write_text(f"input 28x28x1\n{lines}FC {number + 5}\n")
        Path("03.net").write_bytes(b"input 8x8x1\r\nKONV 4 3x3\r\n")
        Path("04.net").write_text("block A { CONV 8 3x3 - BN }\nblock B { KONV 8 3x3 }\n")
        Path("05.net").write_text('use "04.net"\ninput 8x8x1\nA - RELU\nB - RELU\nFC 10 no bais\n')
        Path("06.net").write_text("input 8x8")
        os.symlink("01.net", "07a.net")
        os.symlink(__file__, "08a.net")
        Path("empty").mkdir()
        code = run(["check", ".", "absent.net", "empty", *way, f"--jobs={jobs}", "--no-cache"])
        told = capfd.readouterr()
        came_to.append((code, told, {path.name: path.read_bytes() for path in folder.glob("*.net")}))
    assert came_to[0] == came_to[1]
    if "--fix" in way:
        fixed = [line.split(":")[0] for line in came_to[0][1].err.splitlines() if line.endswith(" fixed")]
        assert fixed == sorted(fixed)
        assert len(fixed) > 5


def test_a_file_that_cannot_be_written_keeps_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "input 28x28x1\nCONV 8 3x3 - RELU\nFC 10   # netdsl: ignore ND401\n"
    Path("away").mkdir()
    Path("away/a.net").write_text(text)
    Path("nets").mkdir()
    os.symlink("../away/a.net", "nets/a.net")
    Path("nets/b.net").write_text(text)
    assert run(["check", "nets", "--fix", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["networks"]
    assert [[one["code"] for one in network["diagnostics"]] for network in found] == [["ND686", "ND545"], []]
    assert Path("away/a.net").read_text() == text
    assert run(["check", "nets/b.net", "lenet", "--fix"]) == 2
    Path("nets/b.net").write_text(text)
    assert run(["check", "nets/b.net", "lenet", "--fix"]) == 2
    assert Path("nets/b.net").read_text() == text
