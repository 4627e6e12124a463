"""`netdsl train NET --show-batch FILE`: the first batch as a picture."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from augmented import augmentation
from PIL import Image

from netdsl.backend import backend
from netdsl.commands import run as netdsl_command
from netdsl.planning.pipeline import load_plan
from netdsl.recipe.recipe import Recipe
from netdsl.training.batches import steps_over
from netdsl.training.contact_sheet import contact_sheet, first_batch, sheet_of_first_batch
from netdsl.training.loop import train
from netdsl.training.run import Run, new_run


def new(net: str = "input 8x8x1\nFC 10\n", augment: str = "rotate 20, mixup 1", data: str = "digits") -> Run:
    plan = load_plan(net).plan
    assert plan is not None
    recipe = Recipe(data=data, epochs=1, batch=12, augment=augmentation(augment) if augment else ())
    return new_run(plan, recipe, backend("numpy"), 1)


def test_it_is_the_batch_of_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    run = new()
    seen = []

    def watched(*arguments: object, **named: object) -> object:
        for step, following in steps_over(*arguments, **named):
            seen.append({name: step.session.inputs[name].copy() for name in ("x", "target")})
            yield step, following

    monkeypatch.setattr("netdsl.training.loop.steps_over", watched)
    shown = first_batch(run)
    next(train(run.sessions, run.images, run.parts, run.recipe, run.progress, "digits"))
    for name in ("x", "target"):
        assert shown[name].tobytes() == seen[0][name].tobytes()


@pytest.mark.parametrize("net", ["input 8x8x1\nFC 10\n", "input 64\nFC 10\n"])
def test_pictures_have_the_levels_of_the_data(net: str) -> None:
    """8x8 pixels become 96x96 each; rows of numbers are shown as the pictures that they are."""
    run = new(net, augment="")
    sheet = np.asarray(Image.open(BytesIO(sheet_of_first_batch(run))).convert("L"))
    chosen = first_batch(run)["x"]
    levels = np.rint((chosen - run.images.shift) / run.images.scale).reshape(12, 8, 8)
    white = run.preparation.white
    assert white is not None
    shown = sheet[6 : 6 + 96 : 12, 6 : 6 + 96 : 12]
    assert np.abs(shown - levels[0] * (255 / white)).max() <= 1
    assert sheet[:6].min() == 255


@pytest.mark.parametrize(
    ("label", "plain"),
    [
        ("grün", "grun"),
        ("Straße", "Strasse"),
        ("žluťoučký", "zlutoucky"),
        ("猫 cat", "? cat"),
        ("a\nb", "a?b"),
    ],
)
def test_labels_are_in_letters_that_the_font_has(label: str, plain: str) -> None:
    picture = [np.zeros((8, 8), np.uint8)]
    assert contact_sheet(picture, [label]) == contact_sheet(picture, [plain])


def test_colours_stay_colours(tmp_path: Path) -> None:
    images = np.zeros((60, 4, 4, 3), np.uint8)
    images[:, 1:3, 1:3] = (250, 100, 10)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(60) % 2)
    sheet = Image.open(BytesIO(sheet_of_first_batch(new("input 4x4x3\nFC 2\n", "", str(tmp_path / "a.npz")))))
    assert sheet.getpixel((6 + 48, 6 + 48)) == (250, 100, 10)
    assert sheet.getpixel((6 + 4, 6 + 4)) == (0, 0, 0)


@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (700, 3), (257, 257, 3), (28, 28)])
@pytest.mark.parametrize("count", [1, 7, 64])
def test_any_size_and_any_label_fit(shape: tuple[int, ...], count: int) -> None:
    labels = ["", "x" * 5000, "\U0001f600\x00\n", "Kätzchen"] * 16
    picture = contact_sheet([np.zeros(shape, np.uint8)] * count, labels[:count])
    width, height = Image.open(BytesIO(picture)).size
    assert width * height < 64 * 300 * 300


def test_the_command_writes_the_file_and_trains_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text("input 8x8x1\nFC 10\ntrain { augment flip }\n")
    for name in ("one.png", "two.png"):
        assert netdsl_command(["train", "a.net", "--show-batch", name]) == 0
        assert name in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.net", "one.png", "two.png"]
    assert Path("one.png").read_bytes() == Path("two.png").read_bytes()
    assert netdsl_command(["train", "a.net", "--augment", "crop 2", "--show-batch", "two.png"]) == 0
    assert Path("one.png").read_bytes() != Path("two.png").read_bytes()
    two = Path("two.png").read_bytes()
    assert netdsl_command(["train", "a.net", "--augment", "none", "--show-batch", "two.png"]) == 0
    assert Path("two.png").read_bytes() not in (two, Path("one.png").read_bytes())
    capsys.readouterr()
    assert netdsl_command(["train", "a.net", "--show-batch", "missing/a.png"]) == 1
    assert "ND515" in capsys.readouterr().err
    assert netdsl_command(["train", "--resume", "runs/a-1", "--show-batch", "a.png"]) == 2
    for text, code in (("crop 9", "ND536"), ("cutout 9", "ND536"), ("color hue 0.2", "ND536")):
        capsys.readouterr()
        assert netdsl_command(["train", "a.net", "--augment", text, "--show-batch", "a.png"]) == 1
        assert code in capsys.readouterr().err
    assert netdsl_command(["train", "a.net", "--loss", "hinge", "--augment", "mixup 1"]) == 1
    assert "ND537" in capsys.readouterr().err
    assert netdsl_command(["train", "a.net", "--show-batch", ""]) == 2
    capsys.readouterr()
    text = Path("a.net").read_text()
    assert netdsl_command(["train", "a.net", "--show-batch", "a.net"]) == 2
    assert "'a.net' exists and is not a PNG" in capsys.readouterr().err
    assert Path("a.net").read_text() == text


def test_a_dry_run_leaves_the_sheet_with_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text("input 8x8x1\nFC 10\ntrain { augment flip }\n")
    assert netdsl_command(["train", "a.net", "--show-batch", "a.png"]) == 0
    assert netdsl_command(["train", "a.net", "--fast-dev-run", "--out", "dry"]) == 0
    assert Path("dry/first-batch.png").read_bytes() == Path("a.png").read_bytes()
