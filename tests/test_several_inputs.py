"""Data for networks with several inputs: an array for each, side by side as one example."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netdsl.commands import run
from netdsl.data.dataset import TEST, TRAIN, Dataset
from netdsl.data.reading import read_data
from netdsl.diagnostics import Diagnosed
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan

PAIR = """
left: input 6x6x1
a: CONV 2 3x3
top right: input 6x6x2
CONCAT[ @a | CONV 2 3x3 ]
FC 3
"""
MIXED = "picture: input 6x6x1\na: FC 4\nnumbers: input 5\nCONCAT[ @a | SKIP ] - RELU - FC 3\n"
COUNT = 30
GENERATOR = np.random.default_rng(1)
LEFT = GENERATOR.integers(0, 256, (COUNT, 6, 6), dtype=np.uint8)
RIGHT = GENERATOR.integers(0, 256, (COUNT, 6, 6, 2), dtype=np.uint8)
NUMBERS = GENERATOR.normal(size=(COUNT, 5))
LABELS = np.arange(COUNT) % 3


def plan_of(text: str) -> Plan:
    plan = load_plan(text).plan
    assert plan is not None
    return plan


def read(text: str, path: Path, **arrays: object) -> Dataset:
    np.savez(path, **arrays)
    plan = plan_of(text)
    return read_data(str(path), plan.input, example=plan.example)


def test_inputs_of_one_size_lie_on_one_another_and_bytes_stay_bytes(tmp_path: Path) -> None:
    data = read(PAIR, tmp_path / "a.npz", left=LEFT, top_right=RIGHT, labels=LABELS)
    assert data.pixels.dtype == np.uint8
    assert np.array_equal(data.pixels, np.concatenate([LEFT[..., None], RIGHT], axis=3))
    assert np.array_equal(data.labels, LABELS)


def test_inputs_of_different_sizes_are_a_row(tmp_path: Path) -> None:
    data = read(MIXED, tmp_path / "a.npz", picture=LEFT, numbers=NUMBERS, labels=LABELS)
    assert data.pixels.shape == (COUNT, 1, 1, 41)
    rows = np.concatenate([LEFT.reshape(COUNT, 36), NUMBERS], axis=1)
    np.testing.assert_allclose(data.pixels[:, 0, 0], rows, rtol=1e-6)


def test_parts_of_their_own(tmp_path: Path) -> None:
    arrays = {"train_left": LEFT, "topright_train": RIGHT, "y_train": LABELS}
    test = {"leftTest": LEFT[:6], "top_right_test": RIGHT[:6], "y_test": LABELS[:6]}
    data = read(PAIR, tmp_path / "a.npz", **arrays, **test)
    assert [int((data.parts == part).sum()) for part in (TRAIN, TEST)] == [COUNT, 6]


@pytest.mark.parametrize(
    ("arrays", "code", "words"),
    [
        ({"left": LEFT, "labels": LABELS}, "ND622", "no array top right with labels"),
        ({"left": LEFT, "top_right": RIGHT[:9], "labels": LABELS}, "ND509", "9 images but 30 labels"),
        ({"left": LEFT[..., :5], "top_right": RIGHT * np.nan, "labels": LABELS}, "ND510", "not a finite"),
        (
            {"left": LEFT, "top_right": RIGHT, "labels": LABELS, "left_test": LEFT, "labels_test": LABELS},
            "ND509",
            "other examples than left",
        ),
    ],
)
def test_what_is_missing_is_named(arrays: dict[str, object], code: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(Diagnosed) as caught:
        read(PAIR, tmp_path / "a.npz", **arrays)
    (finding,) = caught.value.diagnostics
    assert finding.code == code
    assert words in finding.message


def test_other_forms_of_data_are_refused(tmp_path: Path) -> None:
    plan = plan_of(PAIR)
    (tmp_path / "a.csv").write_text("label,pixel\n1,2\n")
    for name in ("digits", str(tmp_path), str(tmp_path / "a.csv")):
        with pytest.raises(Diagnosed) as caught:
            read_data(name, plan.input, example=plan.example)
        assert caught.value.diagnostics[0].code == "ND327"


@pytest.mark.parametrize("text", [PAIR, MIXED], ids=["stacked", "row"])
def test_a_run_trains_evaluates_and_goes_on(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("two.net").write_text(text)
    np.savez("a.npz", left=LEFT, top_right=RIGHT, picture=LEFT, numbers=NUMBERS, labels=LABELS)
    options = ["--backend", "numpy", "--data", "a.npz"]
    augmented = ["--augment", "shift 0.2, flip"] if text == PAIR else []
    assert run(["train", "two.net", "--epochs", "1", "--out", "run", *options, *augmented]) == 0
    assert "netdsl predict" not in capsys.readouterr().err
    assert run(["eval", "run", *options]) == 0
    assert run(["train", "--resume", "run", "--epochs", "2", *options]) == 0
    assert run(["predict", "run", "two.net", "--backend", "numpy"]) == 1
    assert "ND328" in capsys.readouterr().err
