"""`netdsl check --watch`, with a real process: every change is checked, and Ctrl-C ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue

import pytest

from netdsl.commands import run

GOOD, BAD = "input 8x8x1\nFC 10\n", "input 8x8x1\nKONV 8 3x3\nFC 10\n"

Begin = Callable[..., "Watched"]


class Watched:
    """A process that watches; its standard error is read line by line, and never waited for without end."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "netdsl.commands", "check", "--watch", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self.lines: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.put(line)

    def round(self) -> tuple[list[str], str]:
        """The codes of the next round, and what it says at its end."""
        said = []
        while not (line := self.lines.get(timeout=20)).startswith("netdsl: watching "):
            said.append(line)
        return [line.split()[2][:-1] for line in said if " error ND" in line], line.strip()

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        assert self.process.stdout is not None
        out = self.process.stdout.read()
        return self.process.wait(20), out


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    monkeypatch.chdir(tmp_path)
    begun: list[Watched] = []

    def started(*arguments: str) -> Watched:
        begun.append(Watched(*arguments))
        return begun[-1]

    yield started
    for one in begun:
        one.process.kill()
        one.process.communicate()


def replaced(name: str, text: str) -> None:
    """A file as editors save it: another one under its name."""
    Path("saved").write_text(text)
    os.replace("saved", name)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a signal")
def test_every_change_is_checked(begin: Begin) -> None:
    Path("deep").mkdir()
    Path("deep/a.net").write_text(GOOD)
    watched = begin(".", "--quiet")
    assert watched.round() == ([], "netdsl: watching 1 file; Ctrl-C ends")
    Path("deep/a.net").write_text(BAD)
    assert watched.round()[0] == ["ND201"]
    replaced("deep/a.net", GOOD)
    assert watched.round()[0] == []
    Path("b.net").write_text('use "blocks.txt"\ninput 8x8x1\nX - FC 10\n')
    assert watched.round() == (["ND224", "ND201"], "netdsl: watching 3 files; Ctrl-C ends")
    Path("blocks.txt").write_text("block X { CONV 8 3x3 - RELU }\n")  # was looked for
    assert watched.round()[0] == []
    Path("blocks.txt").write_text("block X { KONV 8 3x3 - RELU }\n")  # was read
    assert watched.round()[0] == ["ND201"]
    Path("notes.txt").write_text("nothing of ours")
    Path("b.net").unlink()
    assert watched.round() == ([], "netdsl: watching 1 file; Ctrl-C ends")
    Path("deep/a.net").unlink()
    assert watched.round()[0] == ["ND002"]
    Path("c.net").write_text(BAD)
    assert watched.round()[0] == ["ND201"]
    assert watched.stop() == (1, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a signal")
def test_the_exit_code_is_that_of_the_last_round(begin: Begin) -> None:
    watched = begin("a.net", "--format", "concise")
    assert watched.round()[0] == []
    Path("a.net").write_text(GOOD)
    watched.round()
    code, out = watched.stop()
    assert code == 0
    assert out.startswith("a.net: error ND001")
    assert "\x1b" not in out


def test_what_cannot_be_watched(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["-"], ["a.net", "--fix"]):
        assert run(["check", "--watch", *arguments]) == 2
        assert "--watch" in capsys.readouterr().err
