"""predict takes folders: all pictures below them, in order, a few at a time."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("jsonschema")

from schemas import validate

from netdsl.commands import run
from netdsl.training import predicting
from netdsl.training.trained_model import TrainedModel

NUMPY = ["--backend", "numpy"]
COUNT = 150


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained network, and a folder with pictures at two depths, one damaged, and other files."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "net.net").write_text("input 8x8x1\nFC1: 10\n")
    with np.load(Path(run.__code__.co_filename).parents[1] / "data" / "digits.npz") as digits:
        images = digits["images"][:COUNT] * np.uint8(15)
    (folder / "all" / "below").mkdir(parents=True)
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / "all" / ("below" if number % 2 else "") / f"{number:03}.png")
    (folder / "all" / "070x.png").write_bytes(b"\x89PNG junk")
    (folder / "all" / "notes.txt").write_text("notes")
    (folder / "all" / ".hidden.png").write_bytes(b"")
    (folder / "all" / "turn").symlink_to(folder / "all")
    os.mkfifo(folder / "all" / "below" / "pipe.png")
    before = Path.cwd()
    os.chdir(folder)
    assert run(["train", "net.net", "--epochs", "4", "--out", "a", *NUMPY]) == 0
    os.chdir(before)
    return folder


@pytest.fixture(autouse=True)
def here(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)


def files() -> list[str]:
    own = [f"all/{number:03}.png" for number in range(0, COUNT, 2)]
    below = [f"all/below/{number:03}.png" for number in range(1, COUNT, 2)]
    return [*sorted([*own, "all/070x.png"]), *below, "all/below/pipe.png"]


def test_all_pictures_below_a_folder_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", "a", "all", "--format", "json", "--threads", "3", *NUMPY]) == 1
    captured = capsys.readouterr()
    validate("predict", captured.out)
    rows = json.loads(captured.out)
    assert [row["image"] for row in rows] == files()
    assert [row["image"] for row in rows if "error" in row] == ["all/070x.png", "all/below/pipe.png"]
    assert captured.err.count("error ND610") == 2
    assert "turn, a link to a folder" in captured.err
    assert "1 file not named like an image (.txt)" in captured.err
    # Each has the answer that it has alone.
    for name in ("all/000.png", "all/140.png", "all/below/149.png"):
        assert run(["predict", "a", name, "--format", "json", *NUMPY]) == 0
        (alone,) = json.loads(capsys.readouterr().out)
        (row,) = (row for row in rows if row["image"] == name)
        for one, other in zip(alone["predictions"], row["predictions"], strict=True):
            assert one["class"] == other["class"]
            assert one["probability"] == pytest.approx(other["probability"], abs=1e-6)


def test_text_and_csv_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["predict", "a", "all/below", "all/000.png", "--top", "2", *NUMPY]
    assert run(arguments) == 1
    lines = capsys.readouterr().out.splitlines()
    assert run([*arguments, "--format", "csv"]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(rows[0]) == ["image", "class", "probability", "class_2", "probability_2", "error"]
    assert [row["image"] for row in rows if row["error"]] == ["all/below/pipe.png"]
    shown = [
        f"{row['image']}: {row['class']} {float(row['probability']):.2%}, "
        f"{row['class_2']} {float(row['probability_2']):.2%}".replace("%", " %")
        for row in rows
        if not row["error"]
    ]
    assert len(shown) == len(lines) == COUNT // 2 + 1
    assert [line.split()[:2] for line in lines] == [line.split()[:2] for line in shown]


def test_only_some_pictures_are_in_memory_at_a_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    predict = TrainedModel.predict

    def watched(self: TrainedModel, pictures: list[np.ndarray], names: list[str]) -> object:
        sizes.append(len(pictures))
        return predict(self, pictures, names)

    monkeypatch.setattr(TrainedModel, "predict", watched)
    assert run(["predict", "a", "all", *NUMPY]) == 1
    assert sum(sizes) == COUNT
    # Damaged pictures in between make no batches of other sizes, each of which would be compiled.
    assert [size for size in sizes if size] == [64, 64, COUNT - 128]


def test_many_damaged_pictures_do_not_wait_for_ever(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predicting, "_MOST_WAITING", 3)
    names = ["all/000.png", *["all/070x.png"] * 5, "all/002.png"]
    assert run(["predict", "a", *names, "--format", "json", *NUMPY]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [row["image"] for row in rows] == names
    assert ["error" in row for row in rows] == [False, *[True] * 5, False]


def test_folders_without_pictures(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    (workspace / "none").mkdir()
    assert run(["predict", "a", "none", "all/000.png", *NUMPY]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("all/000.png: ")
    assert "error ND552" in captured.err
    assert run(["predict", "a", "none", "--format", "json", *NUMPY]) == 1
    out = capsys.readouterr().out
    validate("predict", out)
    assert [row["image"] for row in json.loads(out)] == ["none"]
