"""`netdsl search`: what it tries, what it finds, what it prints."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from searches import FILES, NETWORK, NUMPY, rows, search, study_of, workspace

from netdsl.commands import run
from netdsl.recipe.points import recipe_at
from netdsl.recipe.written import read_file
from netdsl.source import Source
from netdsl.training import run as runs

__all__ = ["workspace"]


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
    assert "no other trial has been tested" in captured.err
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


@pytest.mark.slow
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
    assert float(rows("a")[0]["validation_accuracy"]) > float(first["validation_accuracy"])
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
    assert "error ND512: no trial finished" in capsys.readouterr().err
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
        ("small.net --points 4", 2, "--points needs --method grid"),
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
