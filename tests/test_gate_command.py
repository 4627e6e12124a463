"""What `netdsl check` lets pass: exit codes, selected codes, statistics, and what --fix would change."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from netdsl.commands import group, run

FILES = {
    "good.net": "input 8x8x1\nFC 10\n",
    "noted.net": "input 64x64x3\nCONV 4 3x3 - RELU\nFC 1000 - RELU - FC 10\n",
    "warned.net": "input 8x8x1\nFC 20\nFC 10\n",
    "twice.net": "input 8x8x1\nFC 20\nFC 10 - SOFTMAX - SOFTMAX\n",
    "bad.net": "input 8x8x1\nKONV 10\n",
    "biased.net": "input 8x8x1\nCONV 4 3x3 - BN - RELU\nFC 10\n",
}
FORMATS = ("text", "concise", "json", "jsonl", "sarif", "junit", "github", "gitlab")


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    for name, text in FILES.items():
        Path(name).write_text(text)
    return tmp_path


EXITS = {
    "good.net": 0,
    "noted.net": 0,
    "noted.net --strict": 0,
    "noted.net --quiet": 0,
    "warned.net": 0,
    "warned.net --strict": 1,
    "warned.net --strict --quiet": 1,
    "warned.net --strict --exit-zero": 0,
    "warned.net --strict --ignore ND401": 0,
    "warned.net --strict --ignore ND4": 0,
    "warned.net --strict --select ND3": 0,
    "warned.net --strict --ignore ND4 --extend-select ND401": 1,
    "warned.net --max-warnings 0": 1,
    "warned.net --max-warnings 1": 0,
    "twice.net --max-warnings 1": 1,
    "warned.net twice.net --max-warnings 2": 1,
    "warned.net twice.net --max-warnings 3": 0,
    "bad.net": 1,
    "bad.net good.net": 1,
    "bad.net --exit-zero": 0,
    "bad.net --ignore ND201": 1,
    "bad.net --select ND4": 1,
    "bad.net --max-warnings 10": 1,
    "missing.net": 1,
    "missing.net --exit-zero": 0,
    "good.net --ignore ND999": 2,
    "good.net --select nd": 0,
    "good.net --select all": 0,
    "good.net --max-warnings -1": 2,
    "good.net --strict --max-warnings 3": 2,
    "good.net --config missing.toml": 2,
    "good.net --config missing.toml --exit-zero": 2,
    "good.net --config a.toml --isolated": 2,
    "good.net --baseline missing.json": 2,
    "good.net --write-baseline": 2,
    "good.net --baseline - --write-baseline": 2,
    "good.net --config -": 2,
}


@pytest.mark.parametrize(("number", "arguments"), list(enumerate(EXITS)))
def test_exit_code(number: int, arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    for form in {"text", FORMATS[number % len(FORMATS)]}:
        assert run(["check", *arguments.split(), "--format", form]) == EXITS[arguments]
        assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("form", FORMATS)
def test_exit_code_whatever_the_format(form: str) -> None:
    for arguments in ("noted.net", "bad.net warned.net", "warned.net --strict", "good.net --config no.toml"):
        code = 2 if "--config" in arguments else int("noted" not in arguments)
        assert run(["check", *arguments.split(), "--format", form]) == code


@pytest.mark.parametrize("form", FORMATS)
def test_an_internal_error_is_3_whatever_the_format(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("netdsl.rules.advise", fails)
    assert run(["check", "good.net", "--format", form, "--exit-zero"]) == 3
    assert "please report" in capsys.readouterr().err


def codes(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    run(["check", *arguments, "--format", "jsonl"])
    return [json.loads(line)["code"] for line in capsys.readouterr().out.splitlines()]


def test_an_error_that_is_ignored_says_why_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "bad.net", "--ignore", "ND201"])
    assert "errors are always shown" in capsys.readouterr().err
    run(["check", "bad.net", "--ignore", "ND2"])
    assert "all the same" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("", ["ND401", "ND405"]),
        ("--select ND405", ["ND405"]),
        ("--select ND405,ND401", ["ND401", "ND405"]),
        ("--select ND405 --select ND401", ["ND401", "ND405"]),
        ("--ignore ND405", ["ND401"]),
        ("--ignore nd40", []),
        ("--select ND401 --ignore ND40", ["ND401"]),
        ("--select ND40 --ignore ND401", ["ND405"]),
        ("--select ND401 --ignore ND401", []),
    ],
)
def test_the_longest_selector_wins(
    arguments: str, found: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert codes(capsys, "twice.net", *arguments.split()) == found


def test_too_many_warnings_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "twice.net", "--max-warnings", "1", "--format", "json"])
    assert "2 warnings; --max-warnings allows at most 1" in capsys.readouterr().err
    run(["check", "warned.net", "--max-warnings", "0"])
    assert "1 warning; --max-warnings allows none" in capsys.readouterr().err


def test_statistics(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", ".", "--statistics"]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split() == ["count", "code", "--fix", "--unsafe-fixes"]
    assert shown[1].startswith("    2  ND401  warning")
    counts = [int(line.split()[0]) for line in shown[1:]]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == len(codes(capsys, "."))
    by_code = {line.split()[1]: line.split() for line in shown[1:]}
    assert by_code["ND403"][2:4] == ["note", "1"]
    assert " ".join(by_code["ND403"][4:]).startswith("bias before")
    assert run(["check", "good.net", "--statistics"]) == 0
    assert capsys.readouterr().out == ""
    assert run(["check", ".", "--statistics", "--format", "sarif"]) == 2
    assert run(["check", ".", "--statistics", "--format", "text=a.txt"]) == 2
    assert run(["check", ".", "--statistics", "--format", "text", "--format", "json=out.json"]) == 1
    written = json.loads(Path("out.json").read_text())
    assert len(written["networks"]) == len(FILES)
    assert [one["count"] for one in written["statistics"]] == counts
    assert all(shown[index + 1].endswith(one["title"]) for index, one in enumerate(written["statistics"]))
    capsys.readouterr()
    assert run(["check", ".", "--format", "json"]) == 1
    assert "statistics" not in json.loads(capsys.readouterr().out)


def test_statistics_in_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("netdsl.toml").write_text('max-parameters = 10\nrequired-patterns = "CONV - FC"\n')
    monkeypatch.delenv("LINES", raising=False)
    run(["check", ".", "--statistics"])
    assert max(map(len, capsys.readouterr().out.splitlines())) > 80
    for width in (40, 60, 80):
        monkeypatch.setenv("COLUMNS", str(width))
        run(["check", ".", "--statistics"])
        shown = capsys.readouterr().out
        assert max(map(len, shown.splitlines())) <= width
        assert "a network does not match a required pattern" in " ".join(shown.split())


UNUSED = "input 8x8x1\nFC 10   # netdsl: ignore ND401\nFC 20 no bais\n"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_fix_would_change_as_a_patch(
    ending: str, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "input 8x8x1\nCONV 4 3x3 - BN - RELU\nFC 10 # netdsl: ignore ND401".replace("\n", ending)
    (workspace / "a.net").write_bytes(text.encode())
    assert run(["check", "a.net", "--diff"]) == 1
    safe = capsys.readouterr().out
    assert "-FC 10 # netdsl: ignore ND401\n\\ No newline at end of file\n+FC 10\n" in safe
    assert "no bias" not in safe
    assert (workspace / "a.net").read_bytes() == text.encode()
    assert run(["check", "a.net", "--diff", "--unsafe-fixes"]) == 1
    patch = capsys.readouterr().out
    assert "+CONV 4 3x3 no bias - BN - RELU" in patch
    (workspace / "a.patch").write_bytes(patch.encode())
    subprocess.run(["git", "apply", "-p0", "a.patch"], check=True, cwd=workspace)
    patched = (workspace / "a.net").read_bytes()
    (workspace / "a.net").write_bytes(text.encode())
    assert run(["check", "a.net", "--fix", "--unsafe"]) == 0
    assert (workspace / "a.net").read_bytes() == patched
    assert run(["check", "a.net", "--diff", "--unsafe-fixes"]) == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("good.net --diff", 0),
        ("bad.net --diff", 0),
        ("warned.net --diff --strict", 0),
        ("missing.net --diff", 1),
        ("good.net --diff --fix", 2),
        ("good.net --diff --format json", 2),
        ("good.net --diff --statistics", 2),
        ("good.net --diff --baseline b.json --write-baseline", 2),
        ("good.net --unsafe-fixes", 2),
        ("lenet --diff", 0),
    ],
)
def test_exit_codes_of_diff(arguments: str, code: int) -> None:
    assert run(["check", *arguments.split()]) == code


def test_every_option_is_described() -> None:
    command = group.get_command(None, "check")  # type: ignore[arg-type]
    assert command is not None
    for option in command.params[1:]:
        assert option.help, option.name  # type: ignore[attr-defined]
