"""Nothing of an image is lost, and a picture is one and the same for training and for predicting."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_data_formats import codes

from netdsl.commands import run
from netdsl.data.pictures import fitted_picture, read_picture
from netdsl.data.preparation import in_range, measure, pixels_of, planes_of
from netdsl.data.reading import read_data
from netdsl.diagnostics import Diagnosed
from netdsl.quantities import Volume

VOLUME = Volume(4, 4, 1)
QUICK = ("--backend", "numpy")
GENERATOR = np.random.default_rng(5)
LABELS = np.arange(60) % 2
DEEP = (30_000 + LABELS[:, None, None] * 60 + GENERATOR.integers(0, 40, (60, 4, 4))).astype(np.uint16)
"""Two classes that differ in the low byte only."""


def png16(levels: np.ndarray) -> bytes:
    """A PNG of 16 bits in any number of channels, which Pillow cannot write."""
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[levels.shape[2]]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    size = struct.pack(">IIBBBBB", levels.shape[1], levels.shape[0], 16, kind, 0, 0, 0)
    chunks = [(b"IHDR", size), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def deep_folder(root: Path) -> Path:
    for number, (levels, label) in enumerate(zip(DEEP, LABELS, strict=True)):
        (root / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(levels).save(root / str(label) / f"{number:02}.png")
    return root


def predicted(run_folder: Path, *pictures: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    arguments = ["predict", str(run_folder), *map(str, pictures), "--format", "json", *QUICK]
    assert run(arguments) == 0
    return [row["predictions"][0]["class"] for row in json.loads(capsys.readouterr().out)]


@pytest.mark.parametrize("form", ["folder", "archive"])
def test_classes_that_differ_in_low_bits_are_told_apart(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = deep_folder(tmp_path / "deep")
    np.savez(tmp_path / "deep.npz", images=DEEP, labels=LABELS)
    data = folder if form == "folder" else tmp_path / "deep.npz"
    (tmp_path / "t.net").write_text("input 4x4x1\nFC 2\n")
    out = tmp_path / "run"
    arguments = ["train", str(tmp_path / "t.net"), "--data", str(data), "--out", str(out), "--epochs", "20"]
    assert run([*arguments, *QUICK]) == 0
    captured = capsys.readouterr()
    assert "test accuracy 100.00 %" in captured.out
    assert ("images of 16 bits" in captured.err) == (form == "folder")
    pictures = sorted(folder.rglob("*.png"))
    assert predicted(out, *pictures, capsys=capsys) == [picture.parent.name for picture in pictures]


def test_a_folder_and_an_archive_of_16_bits_are_the_same_numbers(tmp_path: Path) -> None:
    folder = read_data(str(deep_folder(tmp_path / "deep")), VOLUME)
    order = [int(path.stem) for path in sorted((tmp_path / "deep").rglob("*.png"))]
    assert folder.pixels.dtype == np.float32
    assert (folder.pixels[..., 0] == DEEP[order]).all()


def test_pictures_of_8_and_16_bits_in_one_folder_share_a_range(tmp_path: Path) -> None:
    for name, levels in (
        ("a", np.full((4, 4), 200, np.uint8)),
        ("b", np.full((4, 4), 200 * 257 + 1, np.uint16)),
    ):
        (tmp_path / name).mkdir()
        Image.fromarray(levels).save(tmp_path / name / "1.png")
    dataset = read_data(str(tmp_path), VOLUME)
    assert dataset.white == 65535
    assert dataset.pixels[:, 0, 0, 0].tolist() == [200 * 257, 200 * 257 + 1]
    preparation = measure(dataset.pixels, np.arange(2), dataset.white)
    for number, name in enumerate("ab"):
        fitted = fitted_picture(tmp_path / name / "1.png", VOLUME, exact=preparation.deep)
        seen = preparation.picture(fitted.pixels, fitted.white)
        assert seen is not None
        assert (seen == dataset.pixels[number]).all()


@pytest.mark.parametrize(
    ("white", "levels", "expected"),
    [(255.0, 65535, 255.0), (1.0, 65535, 1.0), (60_000.0, 41_234, 41_234.0), (65_535.0, 41_234, 41_234.0)],
)
def test_16_bits_for_a_network_of_any_range(white: float, levels: int, expected: float) -> None:
    pixels = np.array([0, white], np.float32).reshape(2, 1, 1, 1)
    preparation = measure(pixels, np.arange(2))
    seen = preparation.picture(np.full((1, 1, 1), levels, np.float32), 65535)
    assert seen is not None
    assert seen.item() == pytest.approx(expected)


def test_other_data_of_16_bits_are_brought_into_the_range_of_bytes() -> None:
    bytes_ = measure(np.array([0, 255], np.uint8).reshape(2, 1, 1, 1), np.arange(2))
    deep = np.array([0, 257 * 90, 65535], np.float32).reshape(3, 1, 1, 1)
    np.testing.assert_allclose(in_range(deep, bytes_, 65535.0).ravel(), [0, 90, 255], rtol=1e-6)
    back = in_range(np.array([90], np.uint8).reshape(1, 1, 1, 1), measure(deep, np.arange(3), 65535.0))
    assert back.item() == 257 * 90


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_bits_that_would_be_lost_are_refused(tmp_path: Path, channels: int) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        picture = GENERATOR.integers(0, 65536, (4, 4, channels))
        (tmp_path / name / "1.png").write_bytes(png16(picture))
    assert codes(tmp_path) == ["ND632", "ND632"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"P6 1 1 65535\n" + b"\1\2" * 3, "ND632"),
        (b"P3 1 1 1023\n1 2 3\n", "ND632"),
        (b"Pf 1 1 -1.0\n" + b"\0" * 4, "ND632"),
        (b"P6 1 1 255\n" + b"\1" * 3, None),
        (b"P5 1 1 65535\n\1\2", None),
    ],
)
def test_deep_portable_maps(tmp_path: Path, content: bytes, code: str | None) -> None:
    path = tmp_path / "1.ppm"
    path.write_bytes(content)
    if code is None:
        assert read_picture(path).ravel()[0] == (258 if b"P5" in content else 1)
    else:
        with pytest.raises(Diagnosed) as caught:
            read_picture(path)
        assert caught.value.diagnostics[0].code == code


@pytest.mark.parametrize(
    ("images", "refused"),
    [
        (2**24 + LABELS.astype(np.uint32), True),
        (-(2**25) - LABELS, True),
        (2**40 + LABELS * 2**30, False),
        (LABELS.astype(np.uint64) * 2**63, False),
        (LABELS.astype(np.uint64) + np.uint64(2**64 - 2), True),
        (2**24 - LABELS, False),
        (1e9 + LABELS * 1e-3, True),
        (-1e9 + LABELS, True),
        (1e-9 + LABELS * 1e-12, False),
        (1e9 + LABELS * 1e5, False),
    ],
)
def test_numbers_that_floats_would_round_are_refused(
    tmp_path: Path, images: np.ndarray, refused: bool
) -> None:
    np.savez(tmp_path / "data.npz", x=np.repeat(images, 16).reshape(60, 4, 4), y=LABELS)
    if refused:
        assert codes(tmp_path / "data.npz") == ["ND632"]
    else:
        pixels = read_data(str(tmp_path / "data.npz"), VOLUME).pixels
        assert len(np.unique(pixels)) == 2
    lines = [f"{label},1,2,3,{2**24 + label}" for label in LABELS]
    (tmp_path / "data.csv").write_text("\n".join(lines))
    assert codes(tmp_path / "data.csv", Volume(2, 2, 1)) == ["ND632"] * 20
    lines = [f"{label},1e9,1e9,1e9,{1e9 + label / 100}" for label in LABELS]
    (tmp_path / "data.csv").write_text("\n".join(lines))
    assert codes(tmp_path / "data.csv", Volume(2, 2, 1)) == ["ND632"]


def test_grey_of_16_bits_keeps_every_level_and_its_transparency(tmp_path: Path) -> None:
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    (tmp_path / "1.png").write_bytes(png16(levels[..., None]))
    assert (read_picture(tmp_path / "1.png")[..., 0] == levels).all()
    Image.fromarray(levels).save(tmp_path / "2.png", transparency=7)
    assert read_picture(tmp_path / "2.png")[0, 6:9, 0].tolist() == [6, 65535, 8]


# --- the order of colours ------------------------------------------------------------------------

COLOUR = GENERATOR.integers(0, 40, (80, 8, 8, 3), dtype=np.uint8)
HALVES = np.arange(80) % 2
COLOUR[HALVES == 0, :4, :, 0] += 180
COLOUR[HALVES == 1, 4:, :, 0] += 180
"""Red in the upper half, and in the lower one."""


def planar(images: np.ndarray) -> np.ndarray:
    return images.transpose(0, 3, 1, 2).reshape(len(images), -1)


@pytest.mark.parametrize("form", ["csv", "npz"])
@pytest.mark.parametrize("network", ["input 8x8x3\nFC 2\n", "input 192\nFC 2\n"])
def test_rows_are_planes_and_pictures_are_the_same_to_the_network(
    tmp_path: Path, form: str, network: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / f"rows.{form}"
    if form == "npz":
        np.savez(data, x=planar(COLOUR), y=HALVES)
    else:
        np.savetxt(data, np.column_stack([HALVES, planar(COLOUR)]), "%d", ",")
    (tmp_path / "t.net").write_text(network)
    out = tmp_path / "run"
    arguments = ["train", str(tmp_path / "t.net"), "--data", str(data), "--out", str(out), "--epochs", "4"]
    assert run([*arguments, *QUICK]) == 0
    captured = capsys.readouterr()
    assert "test accuracy 100.00 %" in captured.out
    assert ("read as 8x8x3, all of red, then green, then blue" in captured.err) == ("8x8x3" in network)
    pictures = [tmp_path / f"{number}.png" for number in range(8)]
    for picture, levels in zip(pictures, COLOUR, strict=False):
        Image.fromarray(levels).save(picture)
    assert predicted(out, *pictures, capsys=capsys) == [str(label) for label in HALVES[:8]]
    example = np.asarray(Image.open(out / "example.png"))
    assert any((example == levels).all() for levels in COLOUR)
    for number, label in enumerate(HALVES[:20]):
        (tmp_path / "folder" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(COLOUR[number]).save(tmp_path / "folder" / str(label) / f"{number}.png")
    assert run(["eval", str(out), "--data", str(tmp_path / "folder"), *QUICK]) == 0
    assert "accuracy 100.00 %" in capsys.readouterr().out


def test_planes_and_pixels_are_each_others_reverse() -> None:
    rows = COLOUR.reshape(80, 1, 1, -1)
    planes = planes_of(rows, Volume(8, 8, 3))
    assert (planes.reshape(80, -1) == planar(COLOUR)).all()
    assert (pixels_of(planes, Volume(8, 8, 3)) == rows).all()


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (COLOUR, False),
        (COLOUR.transpose(0, 3, 1, 2), True),
        (planar(COLOUR), True),
        (planar(COLOUR).reshape(80, 3, 64), True),
        (COLOUR.reshape(80, 64, 3), True),
        (np.asfortranarray(COLOUR), False),
    ],
)
def test_every_order_of_axes_gives_the_same_images(tmp_path: Path, images: np.ndarray, said: bool) -> None:
    np.savez(tmp_path / "data.npz", x=images, y=HALVES)
    dataset = read_data(str(tmp_path / "data.npz"), Volume(8, 8, 3))
    assert (dataset.pixels == COLOUR).all()
    assert bool(dataset.reading) == said


@pytest.mark.parametrize("shape", [(80, 64), (80, 8, 8), (80, 8, 8, 1), (80, 1, 8, 8)])
def test_grey_in_every_order_of_axes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.savez(tmp_path / "data.npz", x=COLOUR[..., 0].reshape(shape), y=HALVES)
    dataset = read_data(str(tmp_path / "data.npz"), Volume(8, 8, 1))
    assert (dataset.pixels == COLOUR[..., :1]).all()
    assert not dataset.reading


def test_channels_first_of_any_number(tmp_path: Path) -> None:
    images = GENERATOR.random((6, 5, 8, 9), dtype=np.float32)
    np.savez(tmp_path / "data.npz", x=images, y=[0, 1] * 3)
    assert (
        read_data(str(tmp_path / "data.npz"), Volume(8, 9, 5)).pixels == images.transpose(0, 2, 3, 1)
    ).all()
