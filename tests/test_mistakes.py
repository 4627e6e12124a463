"""How sure an accuracy is, the five best answers, and which images a network mistakes."""

from __future__ import annotations

import json
import re
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netdsl.commands import run
from netdsl.commands.running.options import accuracy_text
from netdsl.training.metrics import TOP, Evaluation, count_in_top, wilson_interval

NUMPY = ["--backend", "numpy"]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.net").write_text("input 8x8x1\nFC1: 10\n")
    return tmp_path


@pytest.mark.parametrize(
    ("correct", "images"), [(1, 2), (175, 180), (3, 1000), (9123, 10000), (1, 1), (0, 7)]
)
def test_the_interval_is_wilsons(correct: int, images: int) -> None:
    """Its ends are the shares from which the measured one is 1.96 of their deviations away."""
    share = correct / images
    low, high = wilson_interval(correct, images)
    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert abs(share - end) == pytest.approx(1.959964 * sqrt(end * (1 - end) / images), rel=1e-5)
    assert (low == 0) == (correct == 0)
    assert (high == 1) == (correct == images)


def test_published_intervals() -> None:
    """Newcombe, 1998, "Two-sided confidence intervals for the single proportion", table I, method 3."""
    for correct, images, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        assert wilson_interval(correct, images) == pytest.approx((low, high), abs=5e-5)


def test_only_the_accuracy_of_few_images_has_an_interval() -> None:
    def evaluation(images: int) -> Evaluation:
        return Evaluation(0.1, np.zeros(images, np.int64), np.arange(images) % 10 // 9)

    assert accuracy_text(evaluation(10_000)) == "accuracy 90.00 %"
    assert accuracy_text(evaluation(100)) == "accuracy 90.00 % (95 % interval 82.56 to 94.48 %)"


def test_the_five_highest_scores() -> None:
    generator = np.random.default_rng(1)
    scores = generator.integers(0, 6, (300, 11)).astype(np.float32)  # many are equal
    labels = generator.integers(0, 11, 300)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
    assert count_in_top(scores, labels) == (order == labels[:, None]).any(axis=1).sum()
    assert count_in_top(np.zeros((11, 11), np.float32), np.arange(11)) == TOP


def data() -> tuple[np.ndarray, np.ndarray]:
    """Digits of which some bear a wrong label."""
    with np.load(Path(run.__code__.co_filename).parents[1] / "data" / "digits.npz") as digits:
        images, labels = digits["images"][:300] * np.uint8(15), digits["labels"][:300].astype(int)
    labels[::20] = (labels[::20] + 3) % 10
    return images, labels


def evaluated(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    capsys.readouterr()
    assert run(["eval", *arguments, "--format", "json", *NUMPY]) == 0
    return json.loads(capsys.readouterr().out)


def test_eval_lists_the_pictures_that_were_mistaken(capsys: pytest.CaptureFixture[str]) -> None:
    images, labels = data()
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        Path(f"data/digit {label}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(f"data/digit {label}/{number}.png")
    assert run(["train", "net.net", "--data", "data", "--epochs", "8", "--out", "a", *NUMPY]) == 0
    report = evaluated(capsys, "a", "--data", "data", "--mistakes", "1000")
    mistakes = report["mistakes"]
    wrong = report["images"] - round(report["accuracy"] * report["images"])
    assert len(mistakes) == wrong > 2
    assert [m["class_probability"] for m in mistakes] == sorted(m["class_probability"] for m in mistakes)
    for mistake in mistakes:  # predict says the same of the same file
        assert Path(mistake["file"]).parent.name == mistake["class"] != mistake["answer"]
        assert run(["predict", "a", mistake["file"], "--top", "10", "--format", "json", *NUMPY]) == 0
        (row,) = json.loads(capsys.readouterr().out)
        shares = {found["class"]: found["probability"] for found in row["predictions"]}
        assert row["predictions"][0]["class"] == mistake["answer"]
        assert shares[mistake["answer"]] == pytest.approx(mistake["probability"], abs=1e-5)
        assert shares[mistake["class"]] == pytest.approx(mistake["class_probability"], abs=1e-5)
    assert len(evaluated(capsys, "a", "--data", "data", "--mistakes", "2")["mistakes"]) == 2
    assert evaluated(capsys, "a", "--data", "data", "--mistakes", "0")["mistakes"] == []
    assert run(["eval", "a", "--data", "data", "--mistakes", "1", *NUMPY]) == 0
    worst = mistakes[0]
    lines = capsys.readouterr().out.splitlines()
    assert f"the worst 1 of {wrong} mistakes:" in lines
    assert any(
        line.startswith(f"  {worst['file']}: {worst['class']} taken for {worst['answer']} with ")
        for line in lines
    )
    assert re.fullmatch(r"top-5 accuracy \d+\.\d\d %", lines[-2])
    assert report["accuracy_interval"]["confidence"] == 0.95
    assert 0.9 <= report["top5_accuracy"] <= 1


def test_a_mistake_has_the_line_of_a_table_or_the_number_in_an_array(
    capsys: pytest.CaptureFixture[str],
) -> None:
    images, labels = data()
    parts = np.where(np.arange(300) % 3 == 0, "Test", "Training")
    lines = [
        f"{label},{' '.join(map(str, image.ravel()))},{part}"
        for image, label, part in zip(images, labels, parts, strict=True)
    ]
    Path("data.csv").write_text("\n".join(["emotion,pixels,Usage", *lines, ""]))
    test = parts == "Test"
    np.savez(
        "data.npz", x_train=images[~test], y_train=labels[~test], x_test=images[test], y_test=labels[test]
    )
    assert run(["train", "net.net", "--data", "data.csv", "--epochs", "8", "--out", "a", *NUMPY]) == 0
    table = evaluated(capsys, "a", "--data", "data.csv", "--mistakes", "100")["mistakes"]
    array = evaluated(capsys, "a", "--data", "data.npz", "--mistakes", "100")["mistakes"]
    assert len(table) == len(array) > 2
    for row, image in zip(table, array, strict=True):
        assert lines[row["line"] - 2].endswith("Test")
        assert str(labels[row["line"] - 2]) == row["class"]
        assert image["part"] == "test"
        assert np.array_equal(images[test][image["image"]], images[row["line"] - 2])


def test_few_classes_have_no_top5(capsys: pytest.CaptureFixture[str]) -> None:
    images, labels = data()
    np.savez("data.npz", x=images, y=labels % 5)
    Path("five.net").write_text("input 8x8x1\nFC1: 5\n")
    assert run(["train", "five.net", "--data", "data.npz", "--epochs", "1", "--out", "a", *NUMPY]) == 0
    assert "top5" not in Path("a/metrics.csv").read_text()
    assert "top5_accuracy" not in evaluated(capsys, "a", "--data", "data.npz")
    assert run(["eval", "a", "--data", "data.npz", *NUMPY]) == 0
    assert "top-5" not in capsys.readouterr().out
