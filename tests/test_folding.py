"""One misunderstanding is one short finding, however often it is made; JSON and fixes know every place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.diagnostics import Diagnostic
from netdsl.planning.pipeline import load_plan
from netdsl.reports.as_text import diagnostics_as_text
from netdsl.reports.folded_findings import folded, tally

UNET = """input 64x64x3
enc1: [CONV 8 3x3 pad 1 - RELU
CONV 8 3x3 pad 1 - RELU]
POOL 2x2
enc2: [CONV 16 3x3 pad 1 - RELU
CONV 16 3x3 pad 1 - RELU]
POOL 2x2
CONV 32 3x3 pad 1 - RELU
CONV 32 3x3 pad 1 - RELU
CONCAT[ DECONV 16 2x2 stride 2 | @enc2 ]
CONV 16 3x3 pad 1 - RELU
CONV 16 3x3 pad 1 - RELU
CONCAT[ DECONV 8 2x2 stride 2 | @enc1 ]
CONV 8 3x3 pad 1 - RELU
CONV 8 3x3 pad 1 - RELU
CONV 2 1x1
"""
ALL = "9 more places: lines 3, 5, 6, 8, 9, 11, 12, 14 and 1 more"

HABITS = {
    "a word that nobody knows": (" pad 1", " swoosh"),
    "a word of another program": ("3x3 pad 1", "kernel_size 3 padding 1"),
    "a number without its word": ("pad 1", "1"),
    "a value before its word": ("pad 1", "1 pad"),
    "a size that is left out": (" 3x3", ""),
    "a wrong kind": (r"\bCONV(?= \d+ 3)", "KONV"),
    "parentheses": (r"CONV (\d+) 3x3", r"Conv2d(\1, 3)"),
    "a sum": (" pad 1", " + pad 1"),
    "a parenthesis left open": (" pad 1", " (pad 1"),
    "two colons": (" pad 1", " : pad 1"),
    "commas in sizes": ("3x3", "3, 3"),
    "a value in quotes": ("pad 1", 'padding="same"'),
    "a layer that does not exist": ("RELU", "softplus"),
}


@pytest.mark.parametrize(("pattern", "replacement"), HABITS.values(), ids=HABITS)
def test_a_habit_is_one_finding_of_a_few_lines(pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, replacement, UNET)
    assert count >= 10
    found = load_plan(text).diagnostics
    shown = diagnostics_as_text(found)
    assert len(re.findall("error ND", shown)) == 1, shown
    assert "9 more places: lines 3, 5, 6, 8, 9, 11, 12, 14 and 1 more" in shown or "19 more places" in shown
    assert len(shown.splitlines()) <= 11
    assert max(map(len, shown.splitlines())) <= 110


def test_the_text_of_the_habits_is_sound() -> None:
    assert load_plan(UNET).plan is not None


def test_a_kind_that_is_wrong_30_times_and_numbered() -> None:
    lines = "".join(f"KONV{number}: 8 3x3\n" for number in range(1, 31))
    shown = diagnostics_as_text(load_plan(f"input 99x99x3\n{lines}").diagnostics)
    assert "29 more places: lines 3, 4, 5, 6, 7, 8, 9, 10 and 21 more" in shown
    assert "did you mean `CONV1`?" in shown
    assert "the kinds are" not in shown


def test_other_kinds_are_other_findings_and_the_list_of_all_stands_once() -> None:
    shown = diagnostics_as_text(load_plan("input 8x8x3\nFOO 3\nBAR 3\nQUX 3\nKONV 3 3x3\n").diagnostics)
    assert len(re.findall("error ND201", shown)) == 4
    assert shown.count("the kinds are") == 1
    assert max(map(len, shown.splitlines())) <= 115


def test_claims_that_one_option_mends_are_one_finding() -> None:
    text = "[32x32x3] INPUT\n" + "".join(f"[32x32x8] CONV{n}: 8 3x3 pad 0\n" for n in range(1, 6))
    shown = diagnostics_as_text(load_plan(text).diagnostics)
    assert len(re.findall("error ND310", shown)) == 1
    assert "4 more places: lines 3, 4, 5, 6" in shown
    assert "`pad 1` gives the claimed 32" in shown


def test_claims_that_other_options_mend_are_other_findings() -> None:
    text = "[32x32x3] INPUT\n[32x32x8] CONV1: 8 3x3 pad 0\n[32x32x8] CONV2: 8 5x5 pad 0\n"
    shown = diagnostics_as_text(load_plan(text).diagnostics)
    assert len(re.findall("error ND310", shown)) == 2


def test_a_pattern_without_numbers_is_one_finding_for_each_group() -> None:
    found = load_plan("input 32x32x3\n[CONV-POOL-FC]\n[CONV-CONV]\n").diagnostics
    assert [len(group.others) for group in folded(found)] == [2, 1]


def test_other_files_are_other_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.net").write_text("block B(n) {\nCONV n 3x3 swoosh 1\n}\n")
    (tmp_path / "a.net").write_text('use "b.net"\ninput 8x8x3\nB(3)\nCONV 3 3x3 swoosh 1\n')
    assert run(["check", str(tmp_path / "a.net")]) == 1
    assert len(re.findall("error ND202", capsys.readouterr().err)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "block A(width, stride = 1 {\n  CONV width 3x3\n}\nA(16)\nA(32, stride = 2)\nFC 10\n",
        "block A(width) {\n  CONV width 3x3\n}\nA(16\nA(32)\nFC 10\n",
        "CONV 16 3x3 (the first\nCONV 8*(2 3x3\nFC 10\n",
        "[CONV 16 3x3 pad 1 - RELU*3\nCONV 16 3x3\n[CONV 16 3x3 pad 1 - RELU]*3\nFC 10\n",
        "CONV 16 3x3 - MISH(\nCONV 16 3x3 - MISH(\nFC 10\n",
    ],
)
def test_a_bracket_that_is_left_open_is_one_finding(text: str) -> None:
    shown = diagnostics_as_text(load_plan(f"input 32x32x3\n{text}").diagnostics)
    (message,) = re.findall("error ND103: (.*)", shown)
    assert message.endswith("is never closed")
    assert len(re.findall("error ND", shown)) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("default CONV 3x3 swoosh\n[32x32x8] CONV 8\n[32x32x8] CONV 8\nFC 3\n", "ND202"),
        ("default POOL (2x2\nCONV 8 3x3 pad 1 - POOL\nCONV 8 3x3 pad 1 - POOL\nFC 3\n", "ND103"),
        ("[CONV > POOL > FC] where {\nCONV: 8 filters 5x5\nPOOL: 2x2\nFC: 3\n}\n", "ND102"),
        ("[KONV - FC] where {\nCONV: 8 filters 5x5\nFC: 3\n}\n", "ND201"),
    ],
)
def test_what_follows_from_a_mistake_is_not_said(text: str, code: str) -> None:
    shown = diagnostics_as_text(load_plan(f"input 32x32x3\n{text}").diagnostics)
    assert re.findall("error (ND...)", shown) == [code], shown


def test_json_has_every_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "u.net"
    path.write_text(UNET.replace("pad 1", "swoosh"))
    assert run(["check", str(path), "--format", "json"]) == 1
    (checked,) = json.loads(capsys.readouterr().out)["networks"]
    assert [found["labels"][0]["line"] for found in checked["diagnostics"]] == [
        2,
        3,
        5,
        6,
        8,
        9,
        11,
        12,
        14,
        15,
    ]


def test_all_places_are_mended(tmp_path: Path) -> None:
    path = tmp_path / "u.net"
    path.write_text(UNET.replace("pad 1", "1 pad"))
    assert run(["check", "--fix", "--unsafe", str(path)]) == 0
    assert path.read_text() == UNET


# --- the last line -----------------------------------------------------------------------------

WRONG, WARNED, SOUND = "input 8x8x3\nKONV 3\nFOO 2\n", "input 12\nFC 5\nFC 5\n", "input 12\nFC 5\n"


def test_a_last_line_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("a", WRONG), ("b", WARNED), ("c", SOUND), ("d", UNET.replace(" pad 1", " swoosh"))):
        Path(f"{name}.net").write_text(text)

    def last_line(*names: str) -> str:
        run(["check", *(f"{name}.net" for name in names)])
        return (capsys.readouterr().err.splitlines() or [""])[-1]

    assert last_line("a", "b", "c") == "2 errors and 1 warning in 2 of 3 files"
    assert last_line("a") == "2 errors in 1 file"
    assert last_line("b") == "1 warning in 1 file"
    assert last_line("c") == ""
    assert last_line("c", "c") == ""
    assert last_line("c", "d") == "1 error (10 places) in 1 of 2 files"
    assert last_line("a", "missing") == "3 errors in 2 of 2 files"


def test_quiet_shows_errors_and_warnings_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text(WRONG)
    Path("b.net").write_text("input 32x32x3\nPOOL 3x3 stride 2 floor - FC 5\n")  # a note
    Path("c.net").write_text(WARNED)
    assert run(["check", "b.net"]) == 0
    out, said = capsys.readouterr()
    assert "note ND402" in said
    assert out
    for quiet in ("--quiet", "-q"):
        assert run(["check", quiet, "b.net"]) == 0
        assert capsys.readouterr() == ("", "")
    assert run(["check", "-q", "c.net"]) == 0
    assert run(["check", "-q", "--strict", "c.net"]) == 1
    capsys.readouterr()
    assert run(["check", "-q", "a.net", "b.net", "c.net"]) == 1
    out, said = capsys.readouterr()
    assert not out
    assert re.findall("(?:error|warning|note) ND...", said) == ["error ND201", "error ND201", "warning ND401"]
    assert said.endswith("\n2 errors and 1 warning in 2 of 3 files\n")


def test_quiet_leaves_json_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "b.net"
    path.write_text("input 32x32x3\nPOOL 3x3 stride 2 floor - FC 5\n")
    assert run(["check", str(path), "--format", "json"]) == 0
    spoken = capsys.readouterr()
    assert run(["check", "-q", str(path), "--format", "json"]) == 0
    assert capsys.readouterr() == spoken


def test_findings_without_a_place_stand_for_themselves() -> None:
    lost = [Diagnostic("ND001", found.severity, "x", path="y") for found in load_plan(WRONG).diagnostics]
    assert len(folded(lost)) == 2
    assert tally([lost]) == "2 errors in 1 file"


def test_a_missing_network_is_not_answered_with_all_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "lennet"]) == 1
    said = capsys.readouterr().err
    assert "did you mean `lenet`?" in said
    assert max(map(len, said.splitlines())) < 100
