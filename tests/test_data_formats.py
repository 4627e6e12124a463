"""The readers: what each format gives, and that damage in it is a finding and never a traceback."""

from __future__ import annotations

import contextlib
import gzip
import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from netdsl.data import available_memory
from netdsl.data.dataset import TEST, TRAIN, VALIDATION
from netdsl.data.pictures import LARGEST_PIXELS, read_picture
from netdsl.data.reading import read_data
from netdsl.diagnostics import Diagnosed
from netdsl.quantities import Volume

VOLUME = Volume(4, 4, 1)
IMAGES = np.random.default_rng(7).integers(0, 256, (12, 4, 4), dtype=np.uint8)
LABELS = np.arange(12) % 3


def codes(name: object, volume: Volume = VOLUME) -> list[str]:
    """The codes of the findings that reading this data gives."""
    with pytest.raises(Diagnosed) as caught:
        read_data(str(name), volume)
    return [finding.code for finding in caught.value.diagnostics]


def archive(folder: Path, **arrays: object) -> Path:
    path = folder / "data.npz"
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return path


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_idx(folder: Path, images: bytes, labels: bytes, part: str = "train") -> Path:
    (folder / f"{part}-images-idx3-ubyte").write_bytes(images)
    (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels)
    return folder


def png(levels: np.ndarray, form: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(levels).save(stream, form, **options)
    return stream.getvalue()


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nowhere", "no/where.npz", "a\0b", "x" * 5000])
def test_data_that_is_not_there(name: str) -> None:
    assert codes(name) == ["ND501"]


def test_a_file_of_no_known_form(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("hello")
    assert codes(tmp_path / "data.txt") == ["ND501"]


@pytest.mark.parametrize("name", ["a.npz", "a-idx3-ubyte", "a.csv"])
@pytest.mark.parametrize(
    "content", [b"", b"\0", b"\xff" * 200, b"PK\x03\x04" + b"\0" * 60, b"\x1f\x8b\x08junk"]
)
def test_files_of_garbage(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert codes(tmp_path / name)[0] in {"ND502", "ND620", "ND622", "ND630", "ND631", "ND640"}


# --- .npz ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image_name", "label_name"),
    [
        ("images", "labels"),
        ("x", "y"),
        ("X", "y"),
        ("data", "target"),
        ("x_train", "y_train"),
        ("arr_0", "arr_1"),
    ],
)
def test_npz_by_its_usual_names(tmp_path: Path, image_name: str, label_name: str) -> None:
    dataset = read_data(str(archive(tmp_path, **{image_name: IMAGES, label_name: LABELS})), VOLUME)
    assert dataset.pixels.dtype == np.uint8
    assert (dataset.pixels[..., 0] == IMAGES).all()
    assert (dataset.labels == LABELS).all()
    assert dataset.classes == ("0", "1", "2")


def test_npz_with_its_own_test_part(tmp_path: Path) -> None:
    path = archive(
        tmp_path, x_train=IMAGES[:8], y_train=LABELS[:8], x_test=IMAGES[8:], y_test=LABELS[8:].reshape(-1, 1)
    )
    dataset = read_data(str(path), VOLUME)
    assert dataset.parts.tolist() == [TRAIN] * 8 + [TEST] * 4


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((6, 3, 9, 8), np.uint8) + 200,  # channels first
        np.zeros((6, 9, 8, 3), np.uint8) + 200,
        np.asfortranarray(np.zeros((6, 9, 8), np.uint8) + 200),
        np.zeros((6, 81), np.int64) + 200,  # rows of a square image
        np.ones((6, 9, 8), np.bool_),
    ],
)
def test_npz_orders_and_types(tmp_path: Path, images: np.ndarray) -> None:
    dataset = read_data(str(archive(tmp_path, x=images, y=[0, 1] * 3)), Volume(5, 7, 3))
    assert dataset.pixels.shape == (6, 5, 7, 3)
    assert dataset.pixels.dtype == np.uint8
    assert len(np.unique(dataset.pixels)) == 1


def test_npz_of_fractions_stays_float32(tmp_path: Path) -> None:
    dataset = read_data(str(archive(tmp_path, x=IMAGES / 255, y=LABELS)), VOLUME)
    assert dataset.pixels.dtype == np.float32
    assert dataset.pixels.max() <= 1


def test_npz_of_few_levels_keeps_them_when_scaled(tmp_path: Path) -> None:
    masks = np.zeros((6, 2, 2), np.uint8)
    masks[:, 0] = 1
    dataset = read_data(str(archive(tmp_path, x=masks, y=[0, 1] * 3)), VOLUME)
    assert dataset.pixels.dtype == np.float32
    assert 0 < dataset.pixels[0, 1, 0, 0] < 1


def test_npz_labels_may_be_names(tmp_path: Path) -> None:
    dataset = read_data(
        str(archive(tmp_path, x=IMAGES[:4], y=np.array(["dog", "cat", "cat", "dog"]))), VOLUME
    )
    assert dataset.classes == ("cat", "dog")
    assert dataset.labels.tolist() == [1, 0, 0, 1]


def test_npz_vectors_are_taken_as_they_are(tmp_path: Path) -> None:
    values = np.random.default_rng(1).standard_normal((6, 7)).astype(np.float32)
    dataset = read_data(str(archive(tmp_path, x=values, y=[0, 1] * 3)), Volume(1, 1, 7, vector=True))
    assert (dataset.pixels.reshape(6, 7) == values).all()


@pytest.mark.parametrize(
    ("arrays", "code"),
    [
        ({"x": IMAGES}, "ND622"),
        ({"pictures": IMAGES, "y": LABELS}, "ND622"),
        ({}, "ND622"),
        ({"x": IMAGES, "y": LABELS[:5]}, "ND509"),
        ({"x": IMAGES, "y": np.eye(12) + np.eye(12, k=1)}, "ND509"),
        ({"x": IMAGES, "y": np.eye(12) / 2}, "ND509"),
        ({"x": IMAGES, "y": LABELS + 0.5}, "ND509"),
        ({"x": IMAGES, "y": np.full(12, np.nan)}, "ND509"),
        ({"x": IMAGES, "y": np.zeros(12, int)}, "ND503"),
        ({"x": IMAGES[:0], "y": LABELS[:0]}, "ND502"),
        ({"x": IMAGES[:, :0], "y": LABELS}, "ND502"),
        ({"x": np.zeros((12, 2, 2, 2, 2)), "y": LABELS}, "ND508"),
        ({"x": np.zeros((12, 7)), "y": LABELS}, "ND508"),
        ({"x": np.zeros((12, 4, 4, 2), np.uint8), "y": LABELS}, "ND508"),
        ({"x": np.float64(3), "y": LABELS}, "ND508"),
        ({"x": np.full((12, 4, 4), "a"), "y": LABELS}, "ND508"),
        ({"x": np.where(np.arange(192).reshape(12, 4, 4) == 50, np.nan, 0.5), "y": LABELS}, "ND510"),
        ({"x": np.full((12, 4, 4), 1e300), "y": LABELS}, "ND510"),
        ({"x": np.full((12, 4, 4), 1j), "y": LABELS}, "ND620"),
        ({"x": np.array([object()] * 12), "y": LABELS}, "ND621"),
        ({"x": IMAGES, "y": np.array([None] * 12)}, "ND621"),
    ],
)
def test_npz_that_holds_the_wrong_things(tmp_path: Path, arrays: dict[str, object], code: str) -> None:
    assert codes(archive(tmp_path, **arrays)) == [code]


def header(shape: str, dtype: str = "'|u1'") -> bytes:
    text = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


@pytest.mark.parametrize(
    "member",
    [
        header("(1000000000, 32, 32)") + b"\0" * 80,
        header("(-1, 4, 4)") + b"\0" * 192,
        header("(12, 4, 4)") + b"\0" * 10,
        header("(12, 4, 4)") + b"\0" * 1000,
        header("(12, 4, 4)", "'|O'")[:60],
        header("__import__('os').abort()"),
        header("(" * 60),
        b"\x93NUMPY\x09\x00" + b"\0" * 100,
        b"not an array",
        b"",
        pickle.dumps([1, 2, 3]),
    ],
)
def test_npz_with_lying_headers(tmp_path: Path, member: bytes) -> None:
    path = tmp_path / "data.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", member)
        file.writestr("y.npy", header("(12,)") + bytes(range(12)))
    assert codes(path) == ["ND620"]


def test_npz_that_says_it_unpacks_to_far_more_than_it_can(tmp_path: Path) -> None:
    path = archive(tmp_path, x=IMAGES, y=LABELS)
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = struct.pack("<I", 3 << 30)
    path.write_bytes(content)
    assert codes(path) == ["ND620"]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_npz_with_changed_bytes_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = archive(tmp_path_factory.mktemp("npz"), x=IMAGES, y=LABELS)
    path.write_bytes(damage(path.read_bytes(), data))
    with contextlib.suppress(Diagnosed):
        read_data(str(path), VOLUME)


def damage(content: bytes, data: st.DataObject) -> bytes:
    """Some bytes changed, and perhaps the end cut off."""
    changed = bytearray(content)
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        changed[position] = data.draw(st.integers(0, 255))
    return bytes(changed[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else changed)


# --- IDX -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [False, True])
def test_idx_as_one_file_and_as_a_folder(tmp_path: Path, zipped: bool) -> None:
    write_idx(tmp_path, idx(IMAGES), idx(LABELS.astype(np.uint8)))
    if zipped:
        for path in list(tmp_path.iterdir()):
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    suffix = ".gz" if zipped else ""
    for name in ("", f"/train-images-idx3-ubyte{suffix}", f"/train-labels-idx1-ubyte{suffix}"):
        dataset = read_data(f"{tmp_path}{name}", VOLUME)
        assert (dataset.pixels[..., 0] == IMAGES).all()
        assert (dataset.labels == LABELS).all()


def test_idx_folder_with_its_own_test_part(tmp_path: Path) -> None:
    write_idx(tmp_path, idx(IMAGES[:8]), idx(LABELS[:8].astype(np.uint8)))
    write_idx(tmp_path, idx(IMAGES[8:]), idx(LABELS[8:].astype(np.uint8)), "t10k")
    dataset = read_data(str(tmp_path), VOLUME)
    assert dataset.parts.tolist() == [TRAIN] * 8 + [TEST] * 4
    assert (dataset.pixels[..., 0] == IMAGES).all()


GOOD_IDX = idx(IMAGES)


@pytest.mark.parametrize(
    "images",
    [
        GOOD_IDX[:-1],
        GOOD_IDX + b"\0",
        GOOD_IDX[:10],
        b"\1" + GOOD_IDX[1:],
        GOOD_IDX[:2] + b"\x0d" + GOOD_IDX[3:],
        GOOD_IDX[:3] + b"\x01" + GOOD_IDX[4:],
        struct.pack(">HBB3I", 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1),
        gzip.compress(GOOD_IDX, mtime=0)[:-12],
        gzip.compress(GOOD_IDX[:-5], mtime=0),
        gzip.compress(GOOD_IDX + b"more", mtime=0),
        gzip.compress(struct.pack(">HBB3I", 0, 8, 3, 60000, 2800, 2800), mtime=0),
    ],
)
def test_idx_damage(tmp_path: Path, images: bytes) -> None:
    write_idx(tmp_path, images, idx(LABELS.astype(np.uint8)))
    assert codes(tmp_path) == ["ND630"]


def test_idx_without_labels_and_with_too_few(tmp_path: Path) -> None:
    write_idx(tmp_path, GOOD_IDX, idx(LABELS[:-1].astype(np.uint8)))
    assert codes(tmp_path) == ["ND509"]
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    assert codes(tmp_path) == ["ND631"]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_idx_with_changed_bytes_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = gzip.compress(GOOD_IDX) if data.draw(st.booleans()) else GOOD_IDX
    folder = write_idx(tmp_path_factory.mktemp("idx"), damage(content, data), idx(LABELS.astype(np.uint8)))
    with contextlib.suppress(Diagnosed):
        read_data(str(folder), VOLUME)


# --- class folders and pictures ------------------------------------------------------------------


def class_folders(folder: Path, classes: int = 2, pictures: int = 3) -> Path:
    for number in range(classes):
        (folder / f"class{number}").mkdir(parents=True)
        for picture in range(pictures):
            levels = np.full((6, 5), 40 * number + picture, np.uint8)
            (folder / f"class{number}" / f"{picture}.png").write_bytes(png(levels))
    return folder


def test_class_folders(tmp_path: Path) -> None:
    class_folders(tmp_path)
    (tmp_path / "class0" / "notes.txt").write_text("not a picture")
    (tmp_path / "class1" / ".hidden.png").write_text("not seen")
    (tmp_path / "class1" / "3.JPG").write_bytes(png(np.full((9, 9, 3), 90, np.uint8), "JPEG"))
    dataset = read_data(str(tmp_path), VOLUME)
    assert dataset.classes == ("class0", "class1")
    assert dataset.labels.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert dataset.pixels[:, 0, 0, 0].tolist() == [0, 1, 2, 40, 41, 42, 90]


def test_class_folders_with_parts(tmp_path: Path) -> None:
    for part in ("train", "val", "test"):
        class_folders(tmp_path / part, pictures=1)
    dataset = read_data(str(tmp_path), VOLUME)
    assert dataset.classes == ("class0", "class1")
    assert dataset.parts.tolist() == [TRAIN, TRAIN, VALIDATION, VALIDATION, TEST, TEST]


def test_folders_without_classes(tmp_path: Path) -> None:
    assert codes(tmp_path) == ["ND502"]
    (tmp_path / "1.png").write_bytes(png(IMAGES[0]))
    assert codes(tmp_path) == ["ND502"]
    class_folders(tmp_path, classes=1)
    assert codes(tmp_path) == ["ND503"]


def test_every_damaged_picture_of_a_folder_is_named(tmp_path: Path) -> None:
    class_folders(tmp_path)
    (tmp_path / "class0" / "a.png").write_bytes(b"")
    (tmp_path / "class1" / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0junk")
    with pytest.raises(Diagnosed) as caught:
        read_data(str(tmp_path), VOLUME)
    assert [(found.code, Path(found.path).name) for found in caught.value.diagnostics] == [
        ("ND610", "a.png"),
        ("ND610", "b.jpg"),
    ]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "PPM", "WEBP"])
def test_picture_formats(tmp_path: Path, form: str) -> None:
    levels = np.repeat(np.linspace(0, 255, 16).astype(np.uint8)[None], 12, axis=0)
    path = tmp_path / "picture"
    path.write_bytes(png(levels, form, **({"quality": 95} if form == "JPEG" else {})))
    read = read_picture(path)
    assert read.shape[:2] == (12, 16)
    assert np.abs(read[..., 0].astype(int) - levels).max() < 12


def test_picture_modes(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.fromarray(np.full((2, 2), 65535, np.uint16)).save(path)
    assert read_picture(path).tolist() == [[[65535], [65535]], [[65535], [65535]]]
    Image.new("RGBA", (2, 1), (10, 20, 30, 0)).save(path)
    assert read_picture(path).tolist() == [[[255, 255, 255]] * 2]
    Image.new("1", (2, 1), 1).save(path)
    assert read_picture(path).tolist() == [[[255], [255]]]
    Image.new("P", (2, 1), 0).save(path)
    assert read_picture(path).shape == (1, 2, 3)
    Image.new("CMYK", (2, 1), (0, 0, 0, 0)).save(path, "JPEG")
    assert read_picture(path).shape == (1, 2, 3)


def test_pictures_are_turned_as_their_camera_says(tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    picture = Image.new("L", (4, 2))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(path, exif=exif)
    assert read_picture(path).shape == (4, 2, 1)


def bomb() -> bytes:
    """A PNG that claims 50,000x50,000 pixels."""
    content = bytearray(png(np.zeros((1, 1), np.uint8)))
    content[16:24] = struct.pack(">II", 50_000, 50_000)
    import zlib

    content[29:33] = struct.pack(">I", zlib.crc32(bytes(content[12:29])))
    return bytes(content)


def test_bombs_are_refused_before_they_are_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb())
    with pytest.raises(Diagnosed) as caught:
        read_picture(path)
    assert caught.value.diagnostics[0].code == "ND611"
    assert LARGEST_PIXELS < 50_000 * 50_000


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_pictures_with_changed_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    form = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "PPM", "WEBP"]))
    path = tmp_path_factory.mktemp("picture") / "picture"
    path.write_bytes(damage(png(IMAGES[0], form), data))
    with contextlib.suppress(Diagnosed):
        read_picture(path)


# --- tables --------------------------------------------------------------------------------------


def table(folder: Path, text: str) -> Path:
    path = folder / "data.csv"
    path.write_text(text)
    return path


def test_tables_with_and_without_names(tmp_path: Path) -> None:
    rows = [",".join(map(str, image.ravel())) for image in IMAGES]
    first = "\n".join(f"{label},{row}" for label, row in zip(LABELS, rows, strict=True))
    last = "\n".join(f"{row},{label}" for label, row in zip(LABELS, rows, strict=True))
    names = ",".join(f"pixel{number}" for number in range(16))
    for text in (first, f"label,{names}\n{first}\n", f'{names},"Class"\n{last}\n'):
        dataset = read_data(str(table(tmp_path, text)), VOLUME)
        assert dataset.pixels.dtype == np.uint8
        assert (dataset.pixels[..., 0] == IMAGES).all()
        assert (dataset.labels == LABELS).all()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "ND502"),
        ("label,a\n", "ND502"),
        ("1,2\n1,2,3\n", "ND640"),
        ("1,2\n2,x\n", "ND640"),
        ("1\n2\n", "ND640"),
        ("0,1,2,3,4\n1,nan,2,3,4\n", "ND510"),
        ("0,1,2,3\n1,1,2,3\n", "ND508"),
    ],
)
def test_tables_that_are_none(tmp_path: Path, text: str, code: str) -> None:
    assert codes(table(tmp_path, text)) == [code]


# --- memory --------------------------------------------------------------------------------------


def test_what_does_not_fit_into_memory_is_refused_with_the_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path, x=IMAGES, y=LABELS)
    monkeypatch.setattr(available_memory, "available_bytes", lambda: 10_000_000)
    with pytest.raises(Diagnosed) as caught:
        read_data(str(path), Volume(2000, 2000, 3))
    assert caught.value.diagnostics[0].code == "ND511"
    assert "12 images of 2000x2000x3 needs 199 MiB of memory" in caught.value.diagnostics[0].message
    assert codes("digits", Volume(227, 227, 3)) == ["ND511"]


def test_this_machine_says_how_much_memory_it_has() -> None:
    available = available_memory.available_bytes()
    assert available is None or available > 1_000_000
