"""train --fast-dev-run and --overfit: less than a run, and what they say of it."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest

from netdsl.backend import backend
from netdsl.commands import run as command
from netdsl.data.split import Parts
from netdsl.losses import losses
from netdsl.planning.pipeline import load_plan
from netdsl.recipe.recipe import Recipe
from netdsl.training import diagnosis
from netdsl.training.batches import batch_sizes
from netdsl.training.few_images import few_of_each, some_of_each_class
from netdsl.training.memorising import by_heart
from netdsl.training.run import new_run, steps_of
from netdsl.training.run_folder import _NAMES

LINEAR = "input 8x8x1\nFC1: 10\n"
DROPPING = "input 8x8x1\nFC1: 32\nRELU1\nDROPOUT 0.9\nFC2: 10\n"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.net").write_text(LINEAR)
    return tmp_path


def said(capsys: Capture, *arguments: str, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert command(["train", "net.net", "--backend", "numpy", *arguments]) == code
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return out, err


# --- a dry run -----------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", [(1437, 180, 180), (65, 33, 31), (3, 2, 1), (64, 32, 96), (97, 65, 64)])
@pytest.mark.parametrize("batch", [1, 2, 32, 500])
def test_the_few_images_have_every_size_of_a_step(counts: tuple[int, int, int], batch: int) -> None:
    ends = np.cumsum(counts)
    parts = Parts(*(np.arange(end - count, end) for end, count in zip(ends, counts, strict=True)))
    few = few_of_each(parts, Recipe(batch=batch))
    assert set(steps_of(few, batch)) == set(steps_of(parts, batch))
    for some, part in zip(few, parts, strict=True):
        assert set(some) <= set(part)
        assert len(batch_sizes(len(some), batch)) <= 3


def test_a_dry_run_goes_through_everything_and_leaves_nothing(capsys: Capture, workspace: Path) -> None:
    out, err = said(capsys, "--fast-dev-run", "--epochs", "40")
    assert os.listdir(workspace) == ["net.net"]
    assert err == ""
    lines = out.splitlines()
    phases = [re.sub(r"^ +\d+\.\d\d s  ", "", line) for line in lines]
    assert phases[0] == "dry run: every phase once, on a few images"
    assert phases[1] == "data read: 93/52/52 of 1,437/180/180 images used"
    assert phases[4].startswith("3 training steps of 32, 32 and 29 images, loss ")
    assert phases[5] == "validation in 2 steps"
    assert phases[7] == "checkpoint read back: 4 arrays, bit for bit as written"
    assert phases[8] == "best checkpoint tested on 52 images"
    assert phases[9] == "example image written"
    assert phases[10] == "in total: this was a dry run; nothing was learned, its files are removed again"
    seconds = [float(line.split()[0]) for line in lines[1:]]
    assert sum(seconds[:-1]) == pytest.approx(seconds[-1], abs=0.1)
    Path("runs").mkdir()
    said(capsys, "--fast-dev-run")
    assert os.listdir("runs") == []


def test_a_dry_run_with_a_folder_keeps_all_files_of_a_run(capsys: Capture) -> None:
    out, _ = said(capsys, "--fast-dev-run", "--out", "kept")
    assert out.endswith("its files are in kept\n")
    assert set(os.listdir("kept")) == {*_NAMES} & {*os.listdir("kept")}
    assert {"best.safetensors", "last.safetensors", "metrics.csv", "example.png"} <= set(os.listdir("kept"))
    assert command(["eval", "kept", "--backend", "numpy"]) == 0
    assert "ND513" in said(capsys, "--fast-dev-run", "--out", "kept", code=1)[1]


def test_a_dry_run_that_fails_leaves_nothing(capsys: Capture, workspace: Path) -> None:
    assert "the loss grows from 3." in said(capsys, "--fast-dev-run", "--rate", "1e6")[1]
    Path("net.net").write_text("input 8x8x1\n" + "FC: 16\n" * 4 + "FC: 10\n")
    assert "ND512" in said(capsys, "--fast-dev-run", "--rate", "1e6", code=1)[1]
    assert "ND501" in said(capsys, "--fast-dev-run", "--data", "nowhere", code=1)[1]
    assert os.listdir(workspace) == ["net.net"]


def test_a_dry_run_that_is_interrupted_leaves_nothing(
    capsys: Capture, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "findings_at", lambda run, record: [signal.raise_signal(signal.SIGTERM)])
    out, _ = said(capsys, "--fast-dev-run", code=143)
    assert "in all" not in out
    assert os.listdir(workspace) == ["net.net"]


# --- some images by heart ------------------------------------------------------------------------


def test_images_are_dealt_out_class_by_class() -> None:
    labels = np.array([0] * 50 + [1] * 3 + [2] * 20)
    part = np.arange(73)
    chosen = some_of_each_class(labels, part, 12, 1)
    assert np.bincount(labels[chosen]).tolist() in ([5, 3, 4], [4, 3, 5])
    assert np.bincount(labels[some_of_each_class(labels, part, 2, 1)], minlength=3).max() == 1
    assert some_of_each_class(labels, part[50:], 100, 1).tolist() == list(range(50, 73))
    assert some_of_each_class(labels, part, 12, 1).tolist() == chosen.tolist()


def test_nothing_keeps_the_network_from_learning_by_heart() -> None:
    plan = load_plan(DROPPING, "net.net").plan
    assert plan is not None
    smoothing = losses()["cross-entropy"].replaced(smoothing=0.1)
    changed, recipe = by_heart(plan, Recipe(loss=smoothing, stop=3), 20, None)
    run = new_run(changed, recipe, backend("numpy"), 1)
    assert "seed" not in run.sessions.programs.program("train", 20).inputs
    assert "seed" in new_run(plan, recipe, backend("numpy"), 1).sessions.programs.program("train", 20).inputs
    assert recipe.optimizer.decay == 0
    assert recipe.loss.smoothing == 0
    assert (recipe.batch, recipe.epochs, recipe.stop) == (20, 1000, 0)
    assert by_heart(plan, Recipe(), 70, None)[1].epochs == 334
    assert by_heart(plan, Recipe(), 70, 5)[1].epochs == 5


@pytest.mark.parametrize("text", [LINEAR, DROPPING])
@pytest.mark.parametrize("images", ["1", "20", "70"])
def test_a_sound_network_fits(capsys: Capture, workspace: Path, text: str, images: str) -> None:
    Path("net.net").write_text(text)
    out, err = said(capsys, "--overfit", images)
    noun = "image" if images == "1" else "images"
    pattern = (
        rf"the network fits {images} {noun}: loss 0\.0\d+, accuracy 100\.00 % after \d+ steps?, in .* s\n"
    )
    assert re.fullmatch(pattern, out)
    assert f"learning {images} {noun} by heart, of {min(int(images), 10)} of 10 classes" in err
    assert os.listdir(workspace) == ["net.net"]


def test_the_same_images_give_the_same_figures(capsys: Capture) -> None:
    first, second = (re.sub(r"in .* s\n", "", said(capsys, "--overfit", "20")[0]) for _ in range(2))
    assert first == second
    assert first != re.sub(r"in .* s\n", "", said(capsys, "--overfit", "20", "--seed", "2")[0])


def test_what_cannot_be_fitted_is_explained(capsys: Capture, workspace: Path) -> None:
    images = np.random.default_rng(1).integers(0, 255, (40, 8, 8), dtype=np.uint8)
    images[20:] = images[:20]
    np.savez("twins.npz", images=images, labels=np.arange(40) // 20)
    out, err = said(capsys, "--overfit", "30", "--data", "twins.npz", "--epochs", "200", code=1)
    assert out.startswith("the network does not fit 30 images: loss ")
    assert re.search(r"images \d+ and \d+ of twins.npz are equal, and their classes are 0 and 1", err)
    assert "the loss has stopped falling" in err
    _, err = said(capsys, "--overfit", "20", "--rate", "1e-6", "--epochs", "5", code=1)
    assert "the loss does not fall: --rate 1e-07 or 1e-05 may help" in err
    _, err = said(capsys, "--overfit", "20", "--rate", "0.002", "--epochs", "12", code=1)
    assert "the loss is still falling" in err
    Path("net.net").write_text("input 8x8x1\n" + "FC: 32\nSIGMOID\n" * 8 + "FC: 10\n")
    assert "note ND539" in said(capsys, "--overfit", "20", "--epochs", "5", code=1)[1]


@pytest.mark.parametrize(
    "arguments", [["--overfit", "0"], ["--overfit", "5", "--out", "x"], ["--overfit", "5", "--fast-dev-run"]]
)
def test_what_does_not_go_together(capsys: Capture, arguments: list[str]) -> None:
    assert "Usage: " in said(capsys, *arguments, code=2)[1]


@pytest.mark.parametrize("option", [["--fast-dev-run"], ["--overfit", "5"]])
def test_a_run_that_goes_on_is_no_rehearsal(capsys: Capture, option: list[str]) -> None:
    assert command(["train", "--resume", "run", *option]) == 2
    assert "cannot change when a run continues" in capsys.readouterr().err
