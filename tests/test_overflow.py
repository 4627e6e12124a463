"""Numbers that are not finite: a finding, with the layer where they begin, and never an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netdsl.commands import run
from netdsl.data.preparation import Preparation
from netdsl.losses import losses
from netdsl.training.checkpoint import Checkpoint, load, save

LINEAR = "input 8x8x1\nFC1: 12\n"
NORMALISED = "input 8x8x1\nFC1: 8 no bias\nBN1: BN\nFC2: 12\n"
CLOSED = "input 8x8x1\nFC1: 12\nSOFTMAX\n"
DEEP = "input 8x8x1\nCONV1: 4 3x3\nRELU\nCONV2: 4 3x3\nRELU\nPOOL 2x2\nFC1: 12\n"

Arrays = dict[str, np.ndarray]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Image.new("L", (8, 8), 0).save("black.png")
    Image.new("L", (8, 8), 255).save("white.png")
    return tmp_path


def changed(text: str, change: Callable[[Arrays], object], **recipe: object) -> Path:
    """The run folder of a network that was trained a little, with other weights and settings."""
    Path("net.net").write_text(text)
    arguments = ["train", "net.net", "--backend", "numpy", "--out", "run"]
    assert run([*arguments, "--epochs", "1", "--batch", "512", "--rate", "0.001"]) == 0
    for name in ("best", "last"):
        path = Path("run", f"{name}.safetensors")
        found = load(path)
        change(found.arrays)
        # Black is 0 and white 255 in the network's input.
        plain = Preparation(0.0, 255.0, (0.0,), (1.0,))
        save(found._replace(preparation=plain, recipe=found.recipe._replace(**recipe)), path)
    return Path("run")


def huge(name: str, value: float = 1e37) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        arrays[name][...] = np.where(arrays[name] < 0, -value, value)

    return change


def said(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int = 1) -> tuple[str, str]:
    capsys.readouterr()
    assert run([*arguments, "--backend", "numpy"]) == code
    captured = capsys.readouterr()
    assert "nan" not in captured.out.lower()
    assert "Warning" not in captured.err
    return captured.out, captured.err


@pytest.mark.parametrize("loss", losses())
@pytest.mark.parametrize("form", ["text", "json"])
def test_eval_has_no_answer(capsys: pytest.CaptureFixture[str], loss: str, form: str) -> None:
    folder = changed(LINEAR, huge("FC1.weights"), loss=losses()[loss])
    out, err = said(capsys, ["eval", str(folder), "--format", form])
    assert out == ""
    assert "error ND522: the scores for image " in err
    assert "the first numbers to overflow are those of FC1" in err


def test_the_first_layer_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    def change(arrays: Arrays) -> None:
        huge("CONV1.weights", 1e18)(arrays)
        huge("CONV2.weights", 1e20)(arrays)

    folder = changed(DEEP, change)
    assert "those of CONV2" in said(capsys, ["eval", str(folder)])[1]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_predict_answers_for_the_pictures_that_it_can(
    capsys: pytest.CaptureFixture[str], backend: str
) -> None:
    folder = changed(LINEAR, huge("FC1.weights"))
    capsys.readouterr()
    arguments = ["predict", str(folder), "black.png", "white.png", "black.png", "--backend", backend]
    assert run(arguments) == 1
    out, err = capsys.readouterr()
    assert [line.split(":")[0] for line in out.splitlines()] == ["black.png", "black.png"]
    assert err.count("error ND522: the scores for white.png are not finite") == 1
    assert run([*arguments, "--format", "json"]) == 1
    rows = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert [("error" in row, "predictions" in row) for row in rows] == [
        (False, True),
        (True, False),
        (False, True),
    ]


def test_scores_of_minus_infinity_are_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    def change(arrays: Arrays) -> None:
        arrays["FC1.weights"][..., 11] = -1e37  # a score that no class has

    folder = changed(CLOSED, change, loss=losses()["l2"])
    assert "error ND522" in said(capsys, ["eval", str(folder)])[1]
    assert "error ND522" in said(capsys, ["predict", str(folder), "white.png"])[1]
    err = said(capsys, ["train", "--resume", str(folder), "--epochs", "2"])[1]
    assert "error ND512: the scores are no longer finite at epoch 2, step 1" in err


def test_a_loss_that_alone_overflows(capsys: pytest.CaptureFixture[str]) -> None:
    folder = changed(LINEAR, huge("FC1.weights", 1e25), loss=losses()["l2"])
    out, err = said(capsys, ["eval", str(folder), "--format", "json"])
    assert out == ""
    assert "error ND522: the loss on digits is not finite, though the scores are" in err
    assert "white.png: " in said(capsys, ["predict", str(folder), "white.png"], code=0)[0]


def test_statistics_that_overflow_take_the_place_of_no_sound_state(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = changed(NORMALISED, huge("FC1.weights", 1e25))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    out, err = said(capsys, ["train", "--resume", str(folder), "--epochs", "3"])
    assert out == ""
    assert "error ND512" in err
    assert "the first to overflow are those of BN1.running_variance, in step 1 of epoch 2" in err
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert before == {**after, "recipe.json": before["recipe.json"]}


def test_images_that_overflow_where_they_are_normalised(
    capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    folder = changed(LINEAR, lambda arrays: None)
    for name in ("best", "last"):
        path = folder / f"{name}.safetensors"
        found: Checkpoint = load(path)
        tiny = Preparation(0.0, 255.0, (1e300,), (1e-300,))
        save(found._replace(preparation=tiny), path)
    assert "its pixels already overflow" in said(capsys, ["eval", str(folder)])[1]


def test_a_test_image_that_overflows_after_training(
    capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    images = np.random.default_rng(1).normal(size=(60, 8, 8)).astype(np.float32)
    labels = np.arange(60) % 10
    tests = np.full((10, 8, 8), 3e38, np.float32)
    np.savez("d.npz", x_train=images, y_train=labels, x_test=tests, y_test=np.arange(10))
    Path("net.net").write_text(LINEAR)
    out, err = said(capsys, ["train", "net.net", "--data", "d.npz", "--epochs", "1", "--out", "run"])
    assert out == ""
    assert "error ND522: the scores for image 60 of d.npz are not finite" in err


def test_training_is_not_blamed_on_the_data(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    Path("net.net").write_text(LINEAR)
    np.savez("d.npz", x=np.random.default_rng(1).normal(size=(60, 8, 8, 1)), y=np.arange(60) % 10)
    arguments = ["train", "net.net", "--data", "d.npz", "--rate", "1e6", "--loss", "l2", "--epochs", "30"]
    err = said(capsys, [*arguments, "--out", "run"])[1]
    assert "net.net: error ND512" in err
    assert "d.npz" not in err.split("ND512")[1]


def test_an_image_at_fault_is_named_with_its_data(
    capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    folder = changed(LINEAR, lambda arrays: None)
    for name in ("best", "last"):
        path = folder / f"{name}.safetensors"
        found: Checkpoint = load(path)
        save(found._replace(preparation=Preparation(0.0, 255.0, (0.0,), (1e-30,))), path)
    err = said(capsys, ["train", "--resume", str(folder), "--epochs", "2"])[1]
    assert re.search(r"digits: error ND512: .* image \d+ is too large", err)
    assert "--rate" not in err
