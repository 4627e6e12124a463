"""Folders that a stranger has prepared: commands write and read what was named, and never wait."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.diagnostics import Diagnosed
from netdsl.training import run_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")

LINEAR = "net linear\ninput 8x8x1\nFC1: 10\n"
UGLY = "net linear\ninput   8x8x1\nfc 10\n"
PRECIOUS = "precious\n"
RUN_FILES = (
    "last.safetensors",
    "previous.safetensors",
    "best.safetensors",
    "metrics.csv",
    "recipe.json",
    "network.net",
    "example.png",
    ".lock",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two epochs, to be copied."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "linear.net").write_text(LINEAR)
    arguments = ["train", str(folder / "linear.net"), "--backend", "numpy", "--epochs", "2"]
    assert run([*arguments, "--batch", "256", "--out", str(folder / "run")]) == 0
    return folder / "run"


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with what must not change; nothing may take long."""
    signal.alarm(60)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "precious").write_text(PRECIOUS)
    (tmp_path / "work").mkdir()
    yield tmp_path
    signal.alarm(0)
    assert (tmp_path / "precious").read_text() == PRECIOUS
    assert not (tmp_path / "made").exists()


def plant(path: Path, kind: str) -> None:
    if path.is_symlink() or path.exists():
        path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(path.parent.parent.resolve() / ("made" if kind == "dangling link" else "precious"))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    text = capsys.readouterr().err
    assert "internal error" not in text
    return text


KINDS = ("link", "dangling link", "pipe", "folder")


# --- network files -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("arguments", [["fmt"], ["check", "--fix", "--unsafe"]])
def test_changing_a_file_beside_planted_names(arguments: list[str], kind: str) -> None:
    path = Path("work/a.net")
    path.write_text(UGLY if arguments == ["fmt"] else "input 8x8x1\nCONV 4 3x3 padd 1\nFC 10\n")
    for name in (".a.net.partial", "a.net.partial", ".a.net.tmp", "a.net~"):
        plant(path.with_name(name), kind)
    before = path.read_text()
    run([*arguments, str(path)])
    assert path.read_text() != before
    assert not list(Path("work").glob(".netdsl-*"))


@pytest.mark.parametrize("arguments", [["fmt"], ["check", "--fix", "--unsafe"]])
def test_a_link_is_followed_within_its_folder_only(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    text = UGLY if arguments == ["fmt"] else "input 8x8x1\nCONV 4 3x3 padd 1\nFC 10\n"
    for name in ("mine.net", "work/inner.net"):
        Path(name).write_text(text)
    Path("work/out.net").symlink_to("../mine.net")
    Path("work/in.net").symlink_to("inner.net")
    assert run([*arguments, "work/out.net"]) == 1
    assert "ND545" in said(capsys)
    assert Path("mine.net").read_text() == text
    run([*arguments, "work/in.net"])
    assert Path("work/in.net").is_symlink()
    if arguments == ["fmt"]:  # one that cannot be written does not keep the others
        Path("work/third.net").write_text(text)
        assert run(["fmt", "work/out.net", "work/third.net"]) == 1
        assert Path("work/third.net").read_text() != text
    assert Path("work/inner.net").read_text() != text


def test_reports_replace_a_file_as_a_whole(workspace: Path) -> None:
    Path("a.net").write_text(LINEAR)
    report = Path("work/report.json")
    report.write_text("old")
    os.link(report, "work/second")
    report.chmod(0o640)
    assert run(["check", "a.net", "--format", f"json={report}"]) == 0
    assert json.loads(report.read_text())["networks"][0]["plan"]["parameters"] == 650
    assert Path("work/second").read_text() == "old"
    assert stat.S_IMODE(report.stat().st_mode) == 0o640
    assert sorted(os.listdir("work")) == ["report.json", "second"]


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("kind", KINDS)
def test_reports_do_not_go_where_others_lead_them(
    capsys: pytest.CaptureFixture[str], kind: str, form: str
) -> None:
    Path("a.net").write_text(LINEAR)
    plant(Path("work/report"), kind)
    assert run(["check", "a.net", "--format", f"{form}=work/report"]) == 2
    assert f"a {kind.split()[-1]}" in said(capsys)
    assert os.listdir("work") == ["report"]


def test_reports_to_streams() -> None:
    Path("a.net").write_text(LINEAR)
    command = [sys.executable, "-c", "from netdsl.commands import main; main()", "check", "a.net"]
    for name, stream in (("/dev/stdout", "stdout"), ("/dev/stderr", "stderr"), ("/dev/fd/1", "stdout")):
        done = subprocess.run(
            [*command, "--format", f"json={name}"], capture_output=True, timeout=60, check=True
        )
        assert json.loads(getattr(done, stream))["networks"][0]["plan"]["parameters"] == 650
    closed = subprocess.run([*command, "--format", "json=/dev/fd/999"], capture_output=True, timeout=60)
    assert closed.returncode == 2
    assert b"Bad file descriptor" in closed.stderr


# --- run folders ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_going_on_beside_planted_names(trained: Path, kind: str) -> None:
    shutil.copytree(trained, "work/run")
    for name in RUN_FILES:
        plant(Path("work/run", f".{name}.partial"), kind)
    assert run(["train", "--resume", "work/run", "--epochs", "3", "--backend", "numpy"]) == 0
    assert len(Path("work/run/metrics.csv").read_text().splitlines()) == 4
    assert len(list(Path("work/run").iterdir())) == 2 * len(RUN_FILES)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", RUN_FILES)
def test_a_run_with_something_else_in_place_of_a_file(
    trained: Path, capsys: pytest.CaptureFixture[str], name: str, kind: str
) -> None:
    shutil.copytree(trained, "run")
    plant(Path("run", name), kind)
    assert run(["train", "--resume", "run", "--epochs", "3", "--backend", "numpy"]) == 1
    assert f"run/{name}: error ND543" in said(capsys)
    if name == "best.safetensors":
        assert run(["eval", "run", "--backend", "numpy"]) == 1
        assert "ND543" in said(capsys)
    before = sorted(os.listdir("run"))
    assert run(["train", "linear", "--out", "run", "--backend", "numpy"]) == 1
    assert "ND543" in said(capsys)
    assert sorted(os.listdir("run")) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_run_in_a_prepared_folder(
    capsys: pytest.CaptureFixture[str], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("linear.net").write_text(LINEAR)
    plant(Path("work/.lock"), kind)
    plant(Path("work/metrics.csv"), kind)
    assert run(["train", "linear.net", "--out", "work", "--backend", "numpy"]) == 1
    assert said(capsys).count("error ND543") == 2  # all at once
    assert sorted(os.listdir("work")) == [".lock", "metrics.csv"]
    # Where what looked like a file has been exchanged meanwhile.
    monkeypatch.setattr(run_folder, "_NAMES", ())
    with pytest.raises(Diagnosed, match="a run needs a file of this name"):
        run_folder.RunFolder(Path("work"))


def test_partial_files_of_a_killed_run_go_when_it_goes_on(trained: Path) -> None:
    shutil.copytree(trained, "run")
    for number in range(3):
        Path(f"run/.netdsl-{number}.partial").write_bytes(b"half")
    assert run(["train", "--resume", "run", "--backend", "numpy"]) == 0
    assert set(os.listdir("run")) == set(RUN_FILES)


def test_a_place_for_runs_that_is_a_link_keeps_what_is_there() -> None:
    Path("linear.net").write_text(LINEAR)
    Path("disk/linear-1").mkdir(parents=True)
    Path("disk/linear-1/best.safetensors").write_text(PRECIOUS)
    Path("runs").symlink_to("disk")
    Path("disk/linear-2").symlink_to("../made")
    assert run(["train", "linear.net", "--epochs", "1", "--backend", "numpy"]) == 0
    assert Path("disk/linear-1/best.safetensors").read_text() == PRECIOUS
    assert set(os.listdir("disk/linear-3")) == set(RUN_FILES)
