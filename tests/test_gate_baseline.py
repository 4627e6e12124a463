"""A baseline: what is known is silent, wherever it moves to; what is new is told; what is past is said."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from netdsl.commands import run

WARNED = "input 8x8x1\nFC 20\nFC 10\n"
BAD = "input 8x8x1\nKONV 10\n"
KNOWN = ["--baseline", "known.json"]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("nets").mkdir()
    Path("nets/warned.net").write_text(WARNED)
    Path("nets/bad.net").write_text(BAD)
    return tmp_path


def codes(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    run(["check", *arguments, "--format", "jsonl"])
    return [json.loads(line)["code"] for line in capsys.readouterr().out.splitlines()]


def write(*arguments: str) -> None:
    assert run(["check", "nets", *KNOWN, "--write-baseline", *arguments]) == 0


def test_what_is_known_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "nets", "--strict"]) == 1
    capsys.readouterr()
    write()
    shown = capsys.readouterr()
    assert shown.err == "known.json: 2 findings recorded as known\n"
    assert shown.out == ""
    assert run(["check", "nets", "--strict", *KNOWN]) == 0
    shown = capsys.readouterr()
    assert "2 known findings not shown, see known.json" in shown.err
    assert "ND" not in shown.err
    for form in ("concise", "json", "jsonl", "sarif", "junit", "github", "gitlab"):
        assert run(["check", "nets", "--strict", "--format", form, *KNOWN]) == 0
    assert json.loads(Path("known.json").read_text()) == {
        "netdsl-baseline": 1,
        "findings": {
            "nets/bad.net": [{"code": "ND201", "line": "KONV 10"}],
            "nets/warned.net": [{"code": "ND401", "line": "FC 10"}],
        },
    }


@pytest.mark.parametrize(
    "text",
    [
        "# a remark\n\n" + WARNED,
        WARNED.replace("FC 10", "  FC   10   # a remark"),
        WARNED.replace("\n", "\r\n"),
        WARNED + "RELU\n",
    ],
    ids=["lines above", "blanks and a remark", "line ends", "lines below"],
)
def test_it_holds_when_lines_move(text: str) -> None:
    write()
    Path("nets/warned.net").write_bytes(text.encode())
    assert run(["check", "nets", "--strict", *KNOWN]) == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (WARNED.replace("FC 10", "FC 12"), ["ND690", "ND401"]),
        (WARNED + "FC 10\n", ["ND401"]),
        (WARNED + "SOFTMAX - SOFTMAX\n", ["ND405"]),
        ("input 8x8x1\nKONV 10\n", ["ND690", "ND201"]),
        ("input 8x8x1\nFC 10\n", ["ND690"]),
    ],
)
def test_what_is_new_is_told(text: str, found: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write()
    Path("nets/warned.net").write_text(text)
    capsys.readouterr()
    assert codes(capsys, "nets", *KNOWN) == found
    assert run(["check", "nets", "--strict", *KNOWN]) == 1


def test_entries_of_the_past(capsys: pytest.CaptureFixture[str]) -> None:
    write()
    Path("nets/bad.net").unlink()
    Path("nets/warned.net").write_text("input 8x8x1\nFC 10\n")
    capsys.readouterr()
    assert run(["check", "nets", *KNOWN]) == 0
    shown = capsys.readouterr().err
    assert "known.json:3:5: warning ND690: nets/bad.net no longer exists: ND201, `KONV 10`" in shown
    assert run(["check", "nets", "--strict", *KNOWN]) == 1
    assert run(["check", "nets", "--strict", "--ignore", "ND690", *KNOWN]) == 0
    write()
    assert json.loads(Path("known.json").read_text())["findings"] == {}


def test_files_that_are_not_checked_keep_their_entries(capsys: pytest.CaptureFixture[str]) -> None:
    write()
    assert run(["check", "nets/warned.net", *KNOWN, "--write-baseline"]) == 0
    assert set(json.loads(Path("known.json").read_text())["findings"]) == {"nets/bad.net", "nets/warned.net"}
    capsys.readouterr()
    assert codes(capsys, "nets/warned.net", *KNOWN) == []
    os.chdir("nets")
    assert codes(capsys, ".", "--baseline", "../known.json") == []


def test_a_budget_is_known_up_to_its_amount(capsys: pytest.CaptureFixture[str]) -> None:
    Path("netdsl.toml").write_text('max-params = 1000\nignore = "ND401"\nbaseline = "known.json"\n')
    Path("nets/bad.net").unlink()
    assert run(["check", "nets", "--write-baseline"]) == 0
    capsys.readouterr()
    assert codes(capsys, "nets") == []
    Path("nets/warned.net").write_text(WARNED.replace("20", "19"))
    assert codes(capsys, "nets") == []
    Path("nets/warned.net").write_text(WARNED.replace("20", "21"))
    assert codes(capsys, "nets") == ["ND690", "ND680"]


def test_what_is_not_there_is_never_known(capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    assert run(["check", "nets/gone.net", "empty", "nets/warned.net", *KNOWN, "--write-baseline"]) == 1
    told = capsys.readouterr().err
    assert "known.json: 1 finding recorded as known" in told
    assert "ND001" in told
    assert "ND002" in told
    assert "ND401" not in told
    assert codes(capsys, "nets/gone.net", *KNOWN) == ["ND001"]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", None),
        ("{", (1, 1)),
        ("[" * 100_000, None),
        ("[]", None),
        ('{"netdsl-baseline": 2}', (1, 21)),
        ('{"netdsl-baseline": true}', (1, 21)),
        ('{"netdsl-baseline": 1, "findings": {"a": [{"code": "ND680", "most": true}]}}', (1, 43)),
        ('{"netdsl-baseline": 1, "findings": {"a": [{"code": "ND401", "count": true}]}}', (1, 43)),
        ('{"netdsl-baseline": 1, "findings": []}', (1, 36)),
        ('{"netdsl-baseline": 1, "findings": {"a": {}}}', (1, 42)),
        ('{"netdsl-baseline": 1, "findings": {"a": [\n{"line": "x"}]}}', (2, 1)),
        ('{"netdsl-baseline": 1, "findings": {"a": [\n{"code": "ND401", "line": 3}]}}', (2, 1)),
        ('{"netdsl-baseline": 1, "findings": {"a": [{"code": "ND401", "count": 0}]}}', (1, 43)),
    ],
)
def test_what_is_no_baseline(
    text: str, at: tuple[int, int] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("known.json").write_text(text)
    assert run(["check", "nets/warned.net", "--format", "jsonl", *KNOWN]) == 2
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["code"] for one in shown] == ["ND689", "ND401"]
    assert at is None or (shown[0]["line"], shown[0]["column"]) == at
    assert run(["check", "nets/warned.net", "--write-baseline", *KNOWN]) == 2
    assert Path("known.json").read_text() == text


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    Path("other.json").write_text('{"netdsl-baseline": 1, "findings": {}}')
    Path("known.json").symlink_to("other.json")
    assert run(["check", "nets/warned.net", "--write-baseline", *KNOWN]) == 2
    assert Path("other.json").read_text() == '{"netdsl-baseline": 1, "findings": {}}'


def test_comments_and_settings_come_first(capsys: pytest.CaptureFixture[str]) -> None:
    write("--ignore", "ND401")
    assert "ND401" not in Path("known.json").read_text()
    capsys.readouterr()
    assert codes(capsys, "nets", *KNOWN) == ["ND401"]
