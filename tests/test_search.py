"""`netdsl search`: trials, their journal and folder, interrupted and shared."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from netdsl.commands import run
from netdsl.diagnostics import Diagnosed
from netdsl.recipe.points import recipe_at
from netdsl.recipe.written import read_file
from netdsl.searching.folder import SearchFolder, old_search
from netdsl.searching.study import Study
from netdsl.source import Source
from netdsl.training import run as runs
from netdsl.training.run_folder import RunFolder

NETWORK = """net small
input 8x8x1
FC1: 10
train {
  batch 64   epochs 2
  search rate in 1e-2..1 log, batch in {64, 128}
}
"""
NUMPY = ["--backend", "numpy", "--threads", "1"]
FILES = {"best.train", "network.net", "study.journal", "trials", "trials.csv", "trials.svg"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # no power is lost here
    Path("small.net").write_text(NETWORK)
    return tmp_path


def search(*arguments: str, code: int = 0) -> None:
    backend = [] if "--resume" in arguments else ["--backend", "numpy"]
    assert run(["search", *arguments, *backend, "--threads", "1"]) == code


def rows(folder: str) -> list[dict[str, str]]:
    with open(Path(folder, "trials.csv"), encoding="utf-8") as file:
        return list(csv.DictReader(file))


def study_of(folder: str) -> Study:
    """The state of a search, its journal closed again."""
    _, study = old_search(Path(folder))
    study.journal.close()
    return study


def journal(folder: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(folder, "study.journal").read_text().splitlines()]


def ended(folder: str) -> list[int]:
    return [line["trial_id"] for line in journal(folder) if line["op_code"] == 6]


def test_a_grid_tries_every_recipe_once(capsys: pytest.CaptureFixture[str]) -> None:
    search("small.net", "--method", "grid", "--points", "3", "--out", "s")
    found = {(row["rate"], row["batch"]) for row in rows("s")}
    assert found == {(rate, batch) for rate in ("0.01", "0.1", "1.0") for batch in ("64", "128")}
    assert len(rows("s")) == 6
    assert set(os.listdir("s")) == FILES
    accuracies = [float(row["validation_accuracy"]) for row in rows("s")]
    assert accuracies == sorted(accuracies, reverse=True)
    assert accuracies[0] > 0.9
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0].split() == ["trial", "rate", "batch", "validation", "loss", "epochs"]
    assert lines[1].split()[0] == rows("s")[0]["trial"]
    assert lines[-1].startswith("test accuracy ")
    assert "no other trial has met the test images" in captured.err
    assert captured.err.count("\ntrial ") == 6
    weights = sorted(str(path) for path in Path("s/trials").rglob("*.safetensors"))
    assert weights == [f"s/trials/{rows('s')[0]['trial']}/best.safetensors"]
    assert len(list(Path("s/trials").glob("*/recipe.json"))) == 6


def test_the_best_recipe_repeats_the_best_trial(capsys: pytest.CaptureFixture[str]) -> None:
    search("small.net", "--trials", "3", "--out", "s")
    study = study_of("s")
    best = study.best
    assert best is not None
    text = Path("s/best.train").read_text()
    written, findings = read_file(Source("best.train", text))
    assert not findings
    assert written.recipe == recipe_at(study.task.recipe, best.point)
    test = capsys.readouterr().out.splitlines()[-1]
    assert run(["train", "small.net", "--recipe", "s/best.train", "--out", "t", *NUMPY]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == test
    again = Path("t/best.safetensors").read_bytes()
    assert again == Path(f"s/trials/{best.number}/best.safetensors").read_bytes()


@pytest.mark.parametrize("method", ["random", "bayes"])
def test_two_searches_of_one_seed_are_the_same(method: str, capsys: pytest.CaptureFixture[str]) -> None:
    if method == "bayes":
        pytest.importorskip("optuna")
    tables = []
    for name in ("a", "b"):
        search("small.net", "--method", method, "--trials", "12", "--epochs", "2", "--out", name)
        tables.append(capsys.readouterr().out.replace(f"{name}/", ""))
    assert tables[0] == tables[1]
    for name in ("trials.csv", "trials.svg", "best.train"):
        texts = [Path(folder, name).read_text().replace(f"{folder}/", "") for folder in ("a", "b")]
        assert texts[0] == texts[1]
    points = [(row["rate"], row["batch"]) for row in rows("a")]
    assert len(set(points)) == 12
    first = next(row for row in rows("a") if row["trial"] == "1")
    assert (first["rate"], first["batch"]) == ("0.01", "64")  # those of the recipe
    assert method == "random" or [row for row in rows("a") if row["state"] == "pruned"]
    search("small.net", "--method", method, "--trials", "2", "--seed", "2", "--out", "c")
    assert {row["rate"] for row in rows("c")} - {row["rate"] for row in rows("a")}


def test_optuna_reads_the_journal() -> None:
    optuna = pytest.importorskip("optuna")
    search("small.net", "--trials", "3", "--search", "rate in 0.1..1e5 log, batch in 20..90", "--out", "s")
    backend = optuna.storages.journal.JournalFileBackend("s/study.journal")
    study = optuna.load_study(study_name="small", storage=optuna.storages.JournalStorage(backend))
    ours = study_of("s")
    assert len(study.trials) == 3
    for theirs, trial in zip(study.trials, ours.trials, strict=True):
        assert theirs.number == trial.number - 1
        assert theirs.params == trial.point
        assert theirs.state.value == trial.state.value
        assert list(theirs.intermediate_values.values()) == trial.accuracies
        assert theirs.value == (trial.result.accuracy if trial.result else None)
    assert ours.best is not None
    assert study.best_trial.number == ours.best.number - 1


def test_there_are_no_more_trials_than_recipes() -> None:
    for method in ("random", "grid"):
        search("small.net", "--method", method, "--search", "batch in {64, 128, 256}", "--out", method)
        assert sorted(row["batch"] for row in rows(method)) == ["128", "256", "64"]
        search("--resume", method, "--trials", "9")
        assert len(rows(method)) == 3


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_trial_that_fails_does_not_end_the_search(capsys: pytest.CaptureFixture[str]) -> None:
    search("small.net", "--method", "grid", "--search", "rate in {0.1, 1e6}", "--epochs", "3", "--out", "s")
    assert [row["state"] for row in rows("s")] == ["complete", "failed"]
    assert rows("s")[1]["reason"].startswith("ND512 ")
    assert "failed: ND512" in capsys.readouterr().out
    search("small.net", "--method", "grid", "--search", "rate in {9e5, 1e6}", "--out", "t", code=1)
    assert "error ND512: no trial came to its end" in capsys.readouterr().err
    assert not Path("t/best.train").exists()


def test_the_test_part_is_met_once(monkeypatch: pytest.MonkeyPatch) -> None:
    met = []
    plain = runs.evaluated

    def counting(machine: Any, images: Any, chosen: Any, batch: int) -> Any:
        met.append(len(chosen))
        return plain(machine, images, chosen, batch)

    monkeypatch.setattr(runs, "evaluated", counting)
    search("small.net", "--trials", "3", "--out", "s")
    assert met == [180]
    search("--resume", "s")  # nothing is left to do
    assert met == [180]


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
        if kept > 8 and not any(Path("cut/trials").glob("*/best.safetensors")):
            continue  # the weights of the best one so far were removed later
        search("--resume", "cut")
        assert capsys.readouterr().out == table
        assert sorted(ended("cut")) == [0, 1, 2]


def ended_in(lines: list[bytes]) -> list[int]:
    return [found["trial_id"] for found in map(json.loads, lines) if found["op_code"] == 6]


def program(*arguments: str, **settings: Any) -> subprocess.Popen[str]:
    script = "from netdsl.commands import main; main()"
    command = [sys.executable, "-c", script, "search", *arguments, "--threads", "1"]
    return subprocess.Popen(command, stdout=-1, stderr=-1, text=True, start_new_session=True, **settings)


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


def test_the_picture(capsys: pytest.CaptureFixture[str]) -> None:
    Path("small.net").write_text(NETWORK.replace("net small", "net a <b> & c"))
    asked = "rate in 1e-2..1e5 log, schedule in {constant, cosine}, to in 0..0.01, batch in 64..70"
    search("small.net", "--search", asked, "--trials", "6", "--epochs", "1", "--out", "s")
    svg = "{http://www.w3.org/2000/svg}"
    root = ElementTree.parse("s/trials.svg").getroot()
    texts = [text.text for text in root.iter(f"{svg}text")]
    assert texts[0] == "a <b> & c"
    for name in ("rate", "schedule", "to", "batch", "validation accuracy", "cosine", "66"):
        assert name in texts
    titles = [title.text for title in root.iter(f"{svg}title")]
    assert sorted(title for title in titles if title) == [f"trial {number}" for number in range(1, 7)]
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for path in root.iter(f"{svg}path"):
        if path.find(f"{svg}title") is not None:
            numbers = [float(part.strip("MC")) for part in path.attrib["d"].split()]
            assert all(0 <= x <= width for x in numbers[::2])
            assert all(0 <= y <= height for y in numbers[1::2])


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    search("small.net", "--trials", "2", "--out", "s", "--format", "json")
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "netdsl-search-1"
    assert [trial["state"] for trial in found["trials"]] == ["complete", "complete"]
    assert found["trials"][0]["trial"] == found["best"] == found["test"]["trial"]
    assert found["trials"][0]["settings"].keys() == {"rate", "batch"}
    assert found["recipe"]["epochs"] == 2
    assert "search" not in found["recipe"]


def test_a_dry_run(capsys: pytest.CaptureFixture[str]) -> None:
    search("small.net", "--trials", "3", "--dry-run")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "trial 1/3  rate 0.01, batch 64"
    assert len(lines) == 3
    assert os.listdir() == ["small.net"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("", 2, "name the network"),
        ("linear", 1, "ND556"),
        ("small.net --search factor_in_1..2", 2, "factor"),
        ("small.net --points 4", 2, "--points is for --method grid"),
        ("small.net --method grid --points 1000 --search beam", 2, "beam"),
        ("small.net --method bayes --dry-run", 2, "bayes decides"),
        ("small.net --data nowhere.npz", 1, "ND501"),
        ("small.net --optimizer sdg", 2, "sgd"),
        ("--resume nowhere", 1, "ND557"),
        ("--resume done --seed 3", 2, "--seed cannot change"),
        ("--resume done --method grid", 2, "--method cannot change"),
        ("--resume done --backend numba", 2, "--backend cannot change"),
        ("linear --resume done", 1, "another network"),
        ("small.net --out done", 1, "ND513"),
    ],
)
def test_refusals(arguments: str, code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "done" in arguments:
        search("small.net", "--trials", "1", "--epochs", "1", "--out", "done")
    elif "bayes" in arguments:
        pytest.importorskip("optuna")
    before = sorted(os.listdir())
    assert run(["search", *arguments.split()]) == code
    told = capsys.readouterr().err
    assert words in told
    assert "internal error" not in told
    assert sorted(os.listdir()) == before


def test_a_grid_of_too_many_points(capsys: pytest.CaptureFixture[str]) -> None:
    wide = "rate in 1e-3..1 log, decay in 0..1, momentum in 0..0.9"
    search("small.net", "--method", "grid", "--points", "99", "--search", wide, code=2)
    assert "970,299 points" in capsys.readouterr().err


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
