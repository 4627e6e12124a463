"""Search folders: interrupted, shared, and prepared by strangers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from searches import ended, journal, rows, search, study_of, workspace

from netdsl.commands import run
from netdsl.diagnostics import Diagnosed
from netdsl.searching.search_folder import SearchFolder
from netdsl.training.run_folder import RunFolder

__all__ = ["workspace"]


def test_going_on_from_any_line_of_the_journal(capsys: pytest.CaptureFixture[str]) -> None:
    search("small.net", "--trials", "3", "--epochs", "1", "--out", "whole")
    table = capsys.readouterr().out
    lines = Path("whole/study.journal").read_bytes().splitlines(keepends=True)
    assert len(lines) == 3 + 3 * 4 + 1
    for kept in range(3, len(lines)):
        shutil.rmtree("cut", ignore_errors=True)
        Path("cut").mkdir()
        torn = lines[kept][: kept * 5 % len(lines[kept])]
        Path("cut/study.journal").write_bytes(b"".join(lines[:kept]) + torn)
        for name in os.listdir("whole/trials"):  # trials that had ended have left what they left
            if int(name) - 1 in ended_in(lines[:kept]):
                shutil.copytree(f"whole/trials/{name}", f"cut/trials/{name}")
        search("--resume", "cut")
        assert capsys.readouterr().out == table
        assert sorted(ended("cut")) == [0, 1, 2]


def ended_in(lines: list[bytes]) -> list[int]:
    return [found["trial_id"] for found in map(json.loads, lines) if found["op_code"] == 6]


def program(*arguments: str, **settings: Any) -> subprocess.Popen[str]:
    script = "from netdsl.commands import main; main()"
    command = [sys.executable, "-c", script, "search", *arguments, "--threads", "1"]
    return subprocess.Popen(command, stdout=-1, stderr=-1, text=True, start_new_session=True, **settings)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_killed_stopped_and_shared(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["small.net", "--trials", "5", "--epochs", "8", "--backend", "numpy"]
    search(*asked[:-2], "--out", "whole")
    table = capsys.readouterr().out
    first = program(*asked, "--workers", "2", "--out", "s")
    wait_for(lambda: any(Path("s/trials").glob("*/last.safetensors")))
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    second = program("--resume", "s")
    wait_for(lambda: len(journal("s")) > 24)
    second.terminate()
    told = second.communicate()[1]
    assert second.returncode == 143
    assert "stopped by SIGTERM" in told
    assert "netdsl search --resume s" in told
    both = [program("--resume", "s") for _ in range(2)]
    outputs = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert [output for output, _ in outputs] == [table, table]
    assert sorted(ended("s")) == list(range(5))
    epochs = [(line["trial_id"], line["step"]) for line in journal("s") if line["op_code"] == 7]
    assert sorted(epochs) == [(trial, epoch) for trial in range(5) for epoch in range(1, 9)]
    assert Path("s/trials.csv").read_text() == Path("whole/trials.csv").read_text()


def wait_for(happened: Any) -> None:
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_others_data_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    images = np.random.default_rng(1).integers(0, 256, (200, 8, 8), dtype=np.uint8)
    np.savez("one.npz", images=images, labels=np.arange(200) % 10)
    np.savez("two.npz", images=images[::-1], labels=np.arange(200) % 10)
    search("small.net", "--trials", "1", "--data", "one.npz", "--out", "s")
    told = capsys.readouterr().err
    assert "--recipe s/best.train --data one.npz" in told
    assert not [line for line in Path("s/best.train").read_text().splitlines() if line.startswith("data")]
    search("--resume", "s", "--trials", "2", code=1)
    assert "ND544" in capsys.readouterr().err
    search("--resume", "s", "--trials", "2", "--data", "two.npz", code=1)
    assert "ND516" in capsys.readouterr().err
    search("--resume", "s", "--trials", "2", "--data", "one.npz")
    assert len(rows("s")) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")
@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "folder"])
def test_planted_names(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    search("small.net", "--trials", "1", "--epochs", "1", "--out", "done")
    Path("precious").write_text("precious")
    Path("elsewhere").mkdir()
    Path("elsewhere/last.safetensors").write_text("precious")
    for name in (
        "study.journal",
        "trials.csv",
        "trials.svg",
        "best.train",
        "network.net",
        "trials",
        "trials/2",
    ):
        shutil.rmtree("s", ignore_errors=True)
        shutil.copytree("done", "s")
        planted = Path("s", name)
        if kind == "folder" and name.startswith("trials") and "." not in name:
            continue
        shutil.rmtree(planted, ignore_errors=True)
        planted.unlink(missing_ok=True)
        if kind == "pipe":
            os.mkfifo(planted)
        elif kind == "folder":
            planted.mkdir()
        else:
            target = "made" if kind == "dangling link" else "elsewhere" if "trials" in name else "precious"
            planted.symlink_to(Path(target).absolute())
        capsys.readouterr()
        assert run(["search", "--resume", "s", "--trials", "2", "--threads", "1"]) == 1
        told = capsys.readouterr().err
        assert "error ND543" in told, (name, told)
        assert not Path("made").exists()
        assert Path("precious").read_text() == Path("elsewhere/last.safetensors").read_text() == "precious"
        assert os.listdir("elsewhere") == ["last.safetensors"]


def test_a_trial_that_another_process_has_is_left_to_it() -> None:
    search("small.net", "--trials", "2", "--epochs", "1", "--out", "s")
    lines = Path("s/study.journal").read_text().splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if '"op_code": 6' in line)
    Path("s/study.journal").write_text("".join(lines[:last]))
    folder = SearchFolder(Path("s"))
    (trial,) = study_of("s").running
    held = RunFolder(folder.trial_path(trial.number))
    assert folder.take(trial.number) is None
    held.close()
    taken = folder.take(trial.number)
    assert taken is not None
    taken.close()


def test_journals_of_strangers(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a line says, it is a finding or harmless, never a traceback."""
    search("small.net", "--trials", "2", "--epochs", "1", "--out", "s")
    capsys.readouterr()
    lines = journal("s")
    junk: tuple[Any, ...] = (None, 10**400, 0.5, "x", {}, True)
    texts = ["", "{", "[]", "3\n", "[" * 100_000 + "\n", '{"op_code": 4}\n', "\udc80"]
    texts += [
        "".join(json.dumps(line) + "\n" for line in changed)
        for number, line in enumerate(lines)
        for changed in variants(lines, number, line, junk)
    ]
    assert len(texts) > 200
    codes = set()
    for text in texts:
        Path("s/study.journal").write_text(text, errors="surrogateescape")
        try:
            study_of("s").plan()
        except Diagnosed as diagnosed:
            codes |= {finding.code for finding in diagnosed.diagnostics}
    assert "ND557" in codes


def variants(
    lines: list[dict[str, Any]], number: int, line: dict[str, Any], junk: tuple[Any, ...]
) -> list[list[dict[str, Any]]]:
    """The journal with one value of a line in another way, at each place of the line."""
    found = []
    for path in paths(line):
        for value in junk:
            copy = json.loads(json.dumps(line))
            inner = copy
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = value
            found.append([*lines[:number], copy, *lines[number + 1 :]])
    return found


def paths(value: Any) -> list[list[str]]:
    found = []
    if isinstance(value, dict):
        for key, inner in value.items():
            found.append([key])
            found += [[key, *rest] for rest in paths(inner)]
    return found
