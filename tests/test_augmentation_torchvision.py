"""Each augmentation against torchvision's function of the same meaning, with the same parameters.

Only torchvision.transforms is loaded: its compiled operators, which need the very PyTorch that they were
built for, have no part in this.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from augmented import augmentation
from test_feeding import linear

from netdsl.backend.pixel_changes import interpolated
from netdsl.backend.session import Array, Batch, Images
from netdsl.training import augmenting as module

torch = pytest.importorskip("torch")


def transforms() -> Any:
    """torchvision.transforms, loaded as if its package were empty."""
    found = importlib.util.find_spec("torchvision")
    if found is None or found.submodule_search_locations is None:
        pytest.skip("torchvision is not installed", allow_module_level=True)
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "torchvision"}
    package = types.ModuleType("torchvision")
    package.__path__ = list(found.submodule_search_locations)
    try:
        for name in before:
            del sys.modules[name]
        sys.modules["torchvision"] = package
        return importlib.import_module("torchvision.transforms")
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        sys.modules.update(before)


_TRANSFORMS = transforms()
functional, BILINEAR = _TRANSFORMS.functional, _TRANSFORMS.InterpolationMode.BILINEAR
HEIGHT, WIDTH = 24, 20


class Given:
    """Draws that were chosen beforehand, in the order in which they are asked for."""

    def __init__(self, numbers: Iterator[float]) -> None:
        self.images = 1
        self._numbers = numbers

    def uniform(self, low: float, high: float, *shape: int) -> Array:
        drawn = [next(self._numbers) for _ in range(int(np.prod(shape, dtype=int)))]
        assert all(low <= number <= high for number in drawn), (low, high, drawn)
        return np.array(drawn, np.float64).reshape(1, *shape)


@pytest.fixture
def picture() -> Array:
    """Colours between 0 and 1, one picture (1, height, width, 3): noise, a little smooth."""
    noise = np.random.default_rng(2).random((HEIGHT + 2, WIDTH + 2, 3), np.float32)
    smooth = sum(noise[y : y + HEIGHT, x : x + WIDTH] for y in range(3) for x in range(3)) / 9
    return np.ascontiguousarray((smooth - smooth.min()) / (smooth.max() - smooth.min()))[None]


def augmented(monkeypatch: pytest.MonkeyPatch, picture: Array, text: str, *numbers: float) -> Any:
    """The picture as the compiled code makes it, as torchvision holds pictures: (channels, height, width)."""
    given = iter(numbers)
    monkeypatch.setattr(module, "ImageDraws", lambda *_: Given(given))
    ones = np.ones(picture.shape[1:], np.float32)
    images = Images(picture, np.zeros(1, np.int64), ones, 0 * ones, np.eye(1, 4, dtype=np.float32), 0.0, 1.0)
    chosen = np.zeros(1, np.int64)
    changes = module.augmenting(augmentation(text), images, chosen, 1).changes(1, chosen)
    assert next(given, None) is None, "a number was not asked for"
    session = linear(picture.shape[1:], 1)
    session.fill(Batch(images, chosen, changes))
    return torch.tensor(session.inputs["x"][0]).permute(2, 0, 1)


def tensor(picture: Array) -> Any:
    return torch.tensor(picture[0]).permute(2, 0, 1)


def test_flips(monkeypatch: pytest.MonkeyPatch, picture: Array) -> None:
    plain = tensor(picture)
    flipped = {
        ("flip", 0.3, 0.9): functional.hflip(plain),
        ("flip", 0.7, 0.1): plain,
        ("flip vertical", 0.3, 0.3): functional.vflip(plain),
        ("flip horizontal vertical", 0.3, 0.3): functional.vflip(functional.hflip(plain)),
    }
    for (text, *numbers), expected in flipped.items():
        assert torch.equal(augmented(monkeypatch, picture, text, *numbers), expected)


@pytest.mark.parametrize(
    ("border", "mode"), [("black", "constant"), ("edge", "edge"), ("reflect", "reflect")]
)
def test_crops(monkeypatch: pytest.MonkeyPatch, picture: Array, border: str, mode: str) -> None:
    padded = functional.pad(tensor(picture), [4], padding_mode=mode)
    for left, top in ((0, 0), (8, 3), (4, 4), (5, 8)):
        found = augmented(monkeypatch, picture, f"crop 4 border {border}", left + 0.5, top + 0.1)
        assert torch.equal(found, functional.crop(padded, top, left, HEIGHT, WIDTH))


def close(one: Any, other: Any, most: float = 3e-5) -> None:
    # torchvision divides places by the size of the picture and multiplies them again.
    assert float((one - other).abs().max()) < most


@pytest.mark.parametrize("angle", [-170.0, -33.3, -1.0, 0.0, 12.5, 45.0, 90.0, 180.0])
def test_rotation(monkeypatch: pytest.MonkeyPatch, picture: Array, angle: float) -> None:
    found = augmented(monkeypatch, picture, "rotate 180", angle)
    close(found, functional.rotate(tensor(picture), angle, BILINEAR))


def affine(picture: Array, angle: float, move: tuple[int, int], scale: float, shear: float) -> Any:
    return functional.affine(tensor(picture), angle, list(move), scale, [shear, 0.0], BILINEAR)


@pytest.mark.parametrize("value", [0.5, 0.77, 1.9])
def test_scale(monkeypatch: pytest.MonkeyPatch, picture: Array, value: float) -> None:
    close(augmented(monkeypatch, picture, "scale 0.5 to 2", value), affine(picture, 0, (0, 0), value, 0))


@pytest.mark.parametrize("value", [-50.0, 7.0, 30.0])
def test_shear(monkeypatch: pytest.MonkeyPatch, picture: Array, value: float) -> None:
    close(augmented(monkeypatch, picture, "shear 60", value), affine(picture, 0, (0, 0), 1, value))


def test_shift(monkeypatch: pytest.MonkeyPatch, picture: Array) -> None:
    found = augmented(monkeypatch, picture, "shift 0.5", 0.2, -0.32)
    close(found, affine(picture, 0, (4, -8), 1, 0))


def test_those_that_follow_one_another_are_one_map(monkeypatch: pytest.MonkeyPatch, picture: Array) -> None:
    """And so the pixels are interpolated once, as in RandomAffine."""
    text = "shear 60, scale 0.5, rotate 90, shift 0.5"
    found = augmented(monkeypatch, picture, text, 20.0, 0.8, -35.0, 0.1, 0.125)
    # The angles of affine grow clockwise, those of rotate and RandomRotation the other way.
    close(found, affine(picture, 35.0, (2, 3), 0.8, 20.0))


def test_a_distortion_is_a_blurred_field(monkeypatch: pytest.MonkeyPatch, picture: Array) -> None:
    generator = np.random.default_rng(5)
    # Of so small a Gaussian, 2 pixels wide, every pixel is a node.
    text, rows, columns = "distort 0.2 smoothness 0.1", HEIGHT, WIDTH
    noise = generator.uniform(-1, 1, (2, rows, columns))
    found = augmented(monkeypatch, picture, text, *noise.reshape(-1))
    wrapped = np.pad(noise, ((0, 0), (6, 6), (6, 6)), mode="wrap")
    blurred = functional.gaussian_blur(torch.tensor(wrapped), [13, 13], [2.0, 2.0])[:, 6:-6, 6:-6]
    point = torch.zeros((1, 41, 41), dtype=torch.float64)
    point[0, 20, 20] = 1
    variance = float((functional.gaussian_blur(point, [13, 13], [2.0, 2.0]) ** 2).sum()) / 3
    field = blurred * (0.2 * WIDTH / 3 / variance**0.5)
    moves = torch.stack([2 * field[0] / WIDTH, 2 * field[1] / HEIGHT], dim=-1)[None].float()
    close(found, functional.elastic_transform(tensor(picture), moves, BILINEAR), 1e-4)


def test_a_field_between_nodes_is_torchs_bilinear_enlargement() -> None:
    lattice = np.random.default_rng(6).normal(size=(2, 4, 7, 2)).astype(np.float32)
    grown = torch.nn.functional.interpolate(
        torch.tensor(lattice).permute(0, 3, 1, 2), (HEIGHT, WIDTH), mode="bilinear", align_corners=True
    )
    assert np.abs(interpolated(lattice, HEIGHT, WIDTH) - grown.permute(0, 2, 3, 1).numpy()).max() < 1e-5


@pytest.mark.parametrize("drawn", [-1.0, -0.4, 0.0, 0.7, 1.0])
def test_colours(monkeypatch: pytest.MonkeyPatch, picture: Array, drawn: float) -> None:
    """torchvision takes 0.2989 of red, BT.601 says 0.299."""
    plain = tensor(picture)
    casts = (0.0, 0.0, 0.0)
    factor = 1 + 0.8 * drawn
    for index, name in enumerate(("brightness", "contrast", "saturation")):
        numbers = [0.0] * 4
        numbers[index] = drawn
        found = augmented(monkeypatch, picture, f"color {name} 0.8", *numbers, *casts)
        close(found, getattr(functional, f"adjust_{name}")(plain, factor), 2e-4)
    found = augmented(monkeypatch, picture, "color hue 0.5", 0.0, 0.0, 0.0, drawn, *casts)
    close(found, functional.adjust_hue(plain, 0.5 * drawn), 2e-5)
    found = augmented(monkeypatch, picture, "color 0.8 hue 0.5", drawn, drawn, drawn, drawn, *casts)
    one_by_one = functional.adjust_brightness(plain, factor)
    one_by_one = functional.adjust_contrast(one_by_one, factor)
    one_by_one = functional.adjust_saturation(one_by_one, factor)
    close(found, functional.adjust_hue(one_by_one, 0.5 * drawn), 2e-3)


def test_colours_of_grey_pictures(monkeypatch: pytest.MonkeyPatch, picture: Array) -> None:
    grey = np.ascontiguousarray(picture[..., :1])
    found = augmented(monkeypatch, grey, "color 0.5", 0.6, -0.6, 0.9, 0.0, 0.0)
    expected = functional.adjust_contrast(functional.adjust_brightness(tensor(grey), 1.3), 0.7)
    close(found, expected, 1e-6)


def test_a_cast_is_a_sum_between_black_and_white(monkeypatch: pytest.MonkeyPatch, picture: Array) -> None:
    found = augmented(monkeypatch, picture, "color cast 0.5", 0.0, 0.0, 0.0, 0.0, 1.0, -0.5, 0.1)
    moved = tensor(picture) + torch.tensor([0.5, -0.25, 0.05])[:, None, None]
    close(found, moved.clamp(0, 1), 1e-6)


def test_cutout(monkeypatch: pytest.MonkeyPatch, picture: Array) -> None:
    found = augmented(monkeypatch, picture, "cutout 6 holes 2", 0.5, 0.5, 0.01, 0.99)
    expected = functional.erase(tensor(picture), 9, 7, 6, 6, torch.zeros(()))
    assert torch.equal(found, functional.erase(expected, 0, 16, 3, 4, torch.zeros(())))


def test_mixup(monkeypatch: pytest.MonkeyPatch, picture: Array) -> None:
    """As torchvision.transforms.v2.MixUp: share*one + (1 - share)*other, of images and of targets."""
    both = np.concatenate([picture, picture[:, ::-1]])
    ones = np.ones(picture.shape[1:], np.float32)
    images = Images(both, np.array([1, 2]), ones, 0 * ones, np.eye(3, 4, dtype=np.float32), 0.0, 1.0)
    chosen = np.zeros(1, np.int64)
    changes = module.augmenting(augmentation("mixup 1"), images, np.array([1, 1, 1]), 1).changes(1, chosen)
    assert changes.shares is not None
    session = linear(picture.shape[1:], 1)
    session.fill(Batch(images, chosen, changes))
    share = float(changes.shares[0])
    found = torch.tensor(session.inputs["x"][0]).permute(2, 0, 1)
    close(found, share * tensor(both[:1]) + (1 - share) * tensor(both[1:]), 1e-6)
    assert session.inputs["target"].reshape(-1).tolist() == pytest.approx([0, share, 1 - share, 0], abs=1e-6)
