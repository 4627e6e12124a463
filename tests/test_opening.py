"""Names that stand for pipes or devices never hold a command; pipes that somebody writes to are read."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.opening import NotAFileError, content_of, open_file

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of Unix")

TEXT = "input 8x8x1\nFC 10\n"


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_what_is_no_file_is_named(tmp_path: Path, pipe: Path) -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket"))
    for path, kind in [
        (tmp_path, "folder"),
        (pipe, "pipe"),
        (tmp_path / "socket", "socket"),
        ("/dev/zero", "device"),
    ]:
        for opening in (open_file, lambda name: content_of(name, 10)):
            with pytest.raises(NotAFileError, match=f"this is a {kind}, not a regular file"):
                opening(path)  # type: ignore[operator]
    listening.close()


def test_a_pipe_that_nobody_writes_to(pipe: Path) -> None:
    with pytest.raises(NotAFileError, match="a pipe that nobody writes to"):
        content_of(pipe, 10, pipes=True)


@pytest.mark.parametrize("wait", ["", "sleep 0.3; "])
def test_a_pipe_that_somebody_writes_to(pipe: Path, wait: str) -> None:
    with subprocess.Popen(["sh", "-c", f"exec 3> {pipe}; {wait}printf 'some text' >&3"]):
        found = b""
        for _ in range(500):
            try:
                found = content_of(pipe, 100, pipes=True)
                break
            except NotAFileError:
                os.sched_yield()
        assert found == b"some text"


def test_no_more_is_read_than_was_asked_for(pipe: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("some text")
    assert content_of(tmp_path / "text", 4) == b"some"
    read, write = os.pipe()
    os.write(write, b"some text")
    assert content_of(f"/dev/fd/{read}", 4, pipes=True) == b"some"
    os.close(read)
    os.close(write)


def test_commands_read_pipes_of_a_shell(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.write(write, TEXT.encode())
    os.close(write)
    assert run(["check", f"/dev/fd/{read}"]) == 0
    os.close(read)


@pytest.mark.parametrize(
    "line", ["check NAME", "fmt NAME", "train NAME", "import --from listing NAME", "explain NAME FC1"]
)
def test_commands_never_wait_for_a_pipe(pipe: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([str(pipe) if word == "NAME" else word for word in line.split()]) == 1
    assert "ND003: this is a pipe that nobody writes to" in capsys.readouterr().err


def test_other_files_that_texts_and_runs_name(pipe: Path, tmp_path: Path) -> None:
    (tmp_path / "n.net").write_text('use "pipe"\n' + TEXT)
    (tmp_path / "m.net").write_text(TEXT)
    (tmp_path / "run").mkdir()
    os.mkfifo(tmp_path / "run" / "last.safetensors")
    os.mkfifo(tmp_path / "run" / "best.safetensors")
    for line in (
        f"check {tmp_path}/n.net",
        f"train {tmp_path}/m.net --recipe {pipe}",
        f"train {tmp_path}/m.net --data {pipe}",
        f"train --resume {tmp_path}/run",
        f"eval {tmp_path}/run",
        f"eval {tmp_path}/run/best.safetensors",
        f"predict {pipe} x.png",
    ):
        assert run(line.split()) == 1
