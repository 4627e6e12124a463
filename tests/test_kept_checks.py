"""What is kept of checks: never out of date, never believed when damaged or another's, never too much."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.commands.checking import one_file, outcome_cache
from netdsl.commands.checking.digests import program_digest

NAMES = [f"{number}.net" for number in range(9)]


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of what is kept, beside a folder with nine networks that is the current one."""
    monkeypatch.setenv("NETDSL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "nets").mkdir()
    monkeypatch.chdir(tmp_path / "nets")
    for number, name in enumerate(NAMES):
        Path(name).write_text(f"net n{number}\ninput 8x8x{number + 1}\nFC 10\nFC 10\n")
    return tmp_path / "cache" / "checks"


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Check everything; which files were checked and not known. What is said is that of a check anew."""
    really = one_file.check_source
    seen: list[str] = []

    def counted(source: one_file.Source, *settings: object) -> one_file.Check:
        seen.append(os.path.basename(source.name))
        return really(source, *settings)

    monkeypatch.setattr(one_file, "check_source", counted)

    def checked(*arguments: str) -> list[str]:
        anew = run(["check", ".", "--no-cache", *arguments]), capsys.readouterr()
        seen.clear()
        assert (run(["check", ".", "--jobs", "1", *arguments]), capsys.readouterr()) == anew
        return sorted(seen)

    return checked


def test_what_is_known_is_not_checked_again(kept: Path, check: Callable[..., list[str]]) -> None:
    assert check() == NAMES
    assert kept.stat().st_mode & 0o777 == 0o700
    assert check() == check("--quiet") == check("--strict", "--format", "sarif") == []
    assert check("--format", "json") == check("--columns", "weights,macs") == NAMES
    assert check("--format", "json") == check("--columns", "weights,macs") == check() == []
    Path("3.net").write_text("net n3\ninput 8x8x5\nFC 10\n")
    shutil.move("4.net", "renamed.net")  # the text is known
    shutil.copy("5.net", "copied.net")
    Path("unnamed.net").write_text("input 8x8x5\nFC 10\n")  # it is called as the file
    assert check() == ["3.net", "unnamed.net"]
    shutil.move("unnamed.net", "other.net")
    assert check() == ["other.net"]


def test_few_files_leave_nothing(kept: Path, check: Callable[..., list[str]]) -> None:
    Path("8.net").unlink()
    assert check() == check() == NAMES[:-1]
    assert not kept.exists()
    Path("8.net").write_text("input 8x8x1\nFC 10\n" + "#" * 70_000)
    assert check() == NAMES
    assert check() == []


def test_other_files_that_a_text_uses(check: Callable[..., list[str]]) -> None:
    Path("deep").mkdir()
    Path("deep/blocks.txt").write_text("block X { CONV 8 3x3 - RELU }\n")
    Path("8.net").write_text('use "deep/blocks.txt"\ninput 8x8x1\nX - FC 10\n')
    assert check() == NAMES
    assert check() == []
    Path("deep/blocks.txt").write_text("block X { KONV 8 3x3 - RELU }\n")
    assert check() == ["8.net"]
    assert check() == []
    Path("deep/blocks.txt").unlink()
    assert check() == check() == ["8.net"]  # who can tell what will be there
    Path("more.txt").write_text("block X { CONV 8 3x3 - RELU }\n")
    Path("deep/blocks.txt").symlink_to("../more.txt")
    assert check() == ["8.net"]
    assert check() == []
    Path("same.txt").write_text("block X { CONV 8 3x3 - RELU }\n")
    Path("deep/blocks.txt").unlink()
    Path("deep/blocks.txt").symlink_to("../same.txt")
    assert check() == ["8.net"]


def test_the_place_of_data(tmp_path: Path, check: Callable[..., list[str]]) -> None:
    Path("8.net").write_text("input 8x8x1\nFC 10\ntrain { data digits8 }\n")
    Path("digits8").mkdir()
    assert check() == NAMES
    assert check() == []
    Path("digits8").rmdir()
    Path("digits8").symlink_to(tmp_path)
    assert check() == ["8.net"]


def test_another_program_knows_nothing(
    kept: Path, check: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check() == NAMES
    monkeypatch.setattr(outcome_cache, "program_digest", lambda folder: "other")
    assert check() == NAMES
    monkeypatch.undo()
    assert program_digest(kept) == program_digest(kept.parent / "empty")


def _each_file(kept: Path, change: Callable[[bytes], bytes]) -> None:
    for path in kept.iterdir():
        content = path.read_bytes()
        path.write_bytes(change(content))


@pytest.mark.parametrize(
    "change",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content.replace(b"A", b"B"),
        lambda content: content[:-9] + b"\0" * 9,
        lambda content: b"\xff" * len(content),
        lambda content: content.split(b"\t")[0] + b"\tgarbage\n",
    ],
)
def test_what_is_damaged_is_not_believed(
    kept: Path, check: Callable[..., list[str]], change: Callable[[bytes], bytes]
) -> None:
    check()
    _each_file(kept, change)
    assert check()
    assert check() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "findings",
    [
        None,
        3,
        "by name",
        [],
        {},
        {"findings": 3, "files": [], "looked_up": [], "general": True},
        {"findings": [["ND401"]], "files": [], "looked_up": [], "general": True},
        {"findings": [], "files": [3], "looked_up": [], "general": True},
        {"findings": [], "files": [], "looked_up": [[1, 2]], "general": True},
        {"findings": [], "files": [], "looked_up": [["\0", "\0", None]], "general": True},
        *(
            {"findings": [finding], "files": [], "looked_up": [], "general": True}
            for finding in (
                ["ND401", "error", "m", 0, [5, 10**9, ""], [], [], [], None, "", ""],
                ["ND401", "error", "m", 0, [5, 4, ""], [], [], [], None, "", ""],
                ["ND401", "error", "m", 0, [-5, 4, ""], [], [], [], None, "", ""],
                ["ND401", "fatal", "m", 0, [4, 5, ""], [], [], [], None, "", ""],
                ["ND401", "error", "m", 1, [4, 5, ""], [], [], [], None, "", ""],
                ["ND401", "error", "m", 0, [4, 5, ""], [], [3], [], None, "", ""],
                ["ND401", "error", "m", 0, [4, 5, ""], [], [], [], [1, 2, 3, 4], "", ""],
                ["ND401", [], "m", 0, [4, 5, ""], [], [], [], None, "", ""],
            )
        ),
    ],
)
def test_what_is_no_outcome_is_not_believed(
    check: Callable[..., list[str]], findings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    dumps = json.dumps
    with monkeypatch.context() as patch:
        patch.setattr(
            outcome_cache.json,
            "dumps",
            lambda data, **form: dumps(findings if isinstance(data, dict) else data, **form),
        )
        check("--quiet")
    assert check("--quiet") == NAMES


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners here")
def test_what_others_may_write_is_not_believed(kept: Path, check: Callable[..., list[str]]) -> None:
    check()
    (kept / "new").touch()
    kept.chmod(0o777)
    assert check() == check() == NAMES
    kept.chmod(0o700)
    assert check() == []
    for path in kept.iterdir():
        path.chmod(0o666)
    assert check() == NAMES


def test_a_folder_that_takes_nothing(
    kept: Path, check: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.parent.write_text("no folder")
    assert check() == check() == NAMES
    monkeypatch.setenv("NETDSL_CACHE", "relative")
    assert check() == check() == NAMES
    assert not Path("relative").exists()


def test_no_more_is_kept_than_has_room(
    kept: Path, check: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome_cache, "_FILES", 1)
    monkeypatch.setattr(outcome_cache, "_FILE_BYTES", 4000)
    assert check() == NAMES
    (path,) = kept.glob("*.outcomes")
    assert 2000 < path.stat().st_size <= 4000
    again = check()
    assert 0 < len(again) < len(NAMES)  # the latest are still there
    monkeypatch.setattr(outcome_cache, "_ENTRY_BYTES", 100)
    path.unlink()
    assert check() == check() == NAMES
