"""Batch normalisation of a single value: refused before any training, wherever the batch comes from."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from netdsl.commands import run
from netdsl.training.batches import batch_note, batch_sizes
from netdsl.training.checkpoint import load, save

NETWORKS = {
    "fc": "input 8x8x1\nFC 16 no bias - BN - RELU\nFC 10\n",
    "pooled": "input 8x8x1\nCONV 16 3x3 - RELU\nAVG POOL global - BN\nFC 10\n",
    "narrow": "input 8x8x1\nCONV 16 8x8 no bias - BN - RELU\nFC 10\n",
    "volume": "input 8x8x1\nCONV 16 7x8 no bias - BN - RELU\nFC 10\n",
    "grouped": "input 8x8x1\nFC 8 - GN: 8 groups - RELU\nFC 10\n",
    "own": "input 8x8x1\nFC 16 no bias - BN - RELU\nFC 10\ntrain { batch 1   epochs 1 }\n",
}
TRAIN = ["train", "--backend", "numpy", "--epochs", "1"]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in NETWORKS.items():
        (tmp_path / f"{name}.net").write_text(text)
    (tmp_path / "one.train").write_text("batch 1\n")
    images = np.random.default_rng(1).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    np.savez("data.npz", x=images, y=np.arange(60) % 10)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["fc.net", "--batch", "1"],
        ["fc.net", "--recipe", "one.train"],
        ["pooled.net", "--batch", "1"],
        ["narrow.net", "--batch", "1"],
        ["own.net"],
    ],
)
def test_refused_before_anything_is_trained(
    arguments: list[str], capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    before = sorted(os.listdir(workspace))
    assert run([*TRAIN, *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "error ND521: with one image a step BN1 has a single value per channel" in captured.err
    assert "train with a batch of 2 or more" in captured.err
    assert sorted(os.listdir(workspace)) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["fc.net", "--batch", "2"],
        ["volume.net", "--batch", "1"],  # two positions, two values
        ["own.net", "--batch", "2"],  # the command line wins
        ["own.net", "--recipe", "other.train"],
    ],
)
def test_two_values_are_enough(
    arguments: list[str], capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    (workspace / "other.train").write_text("batch 16\n")
    assert run([*TRAIN, "--data", "data.npz", "--split", "60/20/20", *arguments]) == 0
    assert "ND521" not in capsys.readouterr().err


def test_check_says_so_of_the_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "own.net", "--format", "json"]) == 1
    (network,) = json.loads(capsys.readouterr().out)["networks"]
    assert [finding["code"] for finding in network["diagnostics"]] == ["ND521"]
    assert run(["check", "fc.net"]) == 0


def test_a_layer_that_lets_nothing_through_is_told_in_training_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run([*TRAIN, "--data", "data.npz", "--split", "60/20/20", "grouped.net"]) == 0
    assert "warning ND411: GN1 normalises every value by itself" in capsys.readouterr().err


def test_a_run_of_an_earlier_version_does_not_go_on(
    capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    assert run([*TRAIN, "fc.net", "--batch", "64", "--out", "run"]) == 0
    path = workspace / "run" / "last.safetensors"
    found = load(path)
    save(found._replace(recipe=found.recipe._replace(batch=1)), path)
    before = path.read_bytes()
    capsys.readouterr()
    assert run(["train", "--resume", "run", "--epochs", "2", "--backend", "numpy"]) == 1
    assert "error ND521" in capsys.readouterr().err
    assert path.read_bytes() == before


@pytest.mark.parametrize("batch", range(2, 9))
def test_no_batch_has_one_image(batch: int) -> None:
    for images in range(2, 40):
        sizes = batch_sizes(images, batch)
        assert sum(sizes) == images
        assert min(sizes) > 1


@pytest.mark.parametrize(
    ("batch", "note"),
    [
        (47, "a step has 48 images, not 47: the one that is left over joins it"),
        (23, ""),
        (46, ""),
        (48, ""),
        (60, "a step has 48 images, not 60: there are no more to train on"),
        (1, ""),
    ],
)
def test_steps_of_another_size_are_said(
    batch: int, note: str, capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    (workspace / "plain.net").write_text("input 8x8x1\nFC 10\n")
    assert run([*TRAIN, "plain.net", "--data", "data.npz", "--batch", str(batch)]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if " images, not " in line]
    assert [line.partition(", as ")[0] for line in said] == ([note] if note else [])


def test_the_note_says_which_step() -> None:
    for images in range(2, 40):
        for batch in range(1, 45):
            sizes, note = batch_sizes(images, batch), batch_note(images, batch)
            assert bool(note) == (max(sizes) != batch)
            assert f" {sizes[-1]} images, not {batch}:" in note or not note
            assert note.startswith("the last step") == (len(sizes) > 1 and bool(note))
