"""Data that explode, that never end or that take minutes are refused while they are small."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_data_formats import codes, header, idx, png

from netdsl.data import arrays, csv_table, npz_archive, scaling
from netdsl.data.available_memory import Allowance
from netdsl.data.pictures import fitted_picture, read_picture
from netdsl.data.reading import read_data
from netdsl.data.scaling import fit
from netdsl.diagnostics import Diagnosed
from netdsl.quantities import Volume

VOLUME = Volume(4, 4, 1)
ZEROS = bytes(1 << 20)
MIB = 1 << 20


def peak_bytes(path: Path, volume: Volume = VOLUME) -> tuple[list[str], int]:
    """The codes that reading gives, and the most memory it takes."""
    tracemalloc.start()
    try:
        found = codes(path, volume)
        return found, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def archive(path: Path, method: int = zipfile.ZIP_DEFLATED, **members: list[bytes]) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, pieces in members.items():
            with file.open(f"{name}.npy", "w") as stream:
                for piece in pieces:
                    stream.write(piece)
    return path


LABELS = [header("(8,)") + bytes([0, 1] * 4)]


def test_a_header_of_many_bytes_is_not_read(tmp_path: Path) -> None:
    long = b"\x93NUMPY\2\0" + struct.pack("<I", 40 * MIB) + b"{'descr': '|u1'"
    path = archive(tmp_path / "data.npz", x=[long, *[b" " * MIB] * 40], y=LABELS)
    found, peak = peak_bytes(path)
    assert found == ["ND620"]
    assert peak < 2 * MIB


def test_zeros_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netdsl.data.available_memory._UNPACKED_BYTES", 1 << 24)
    count = 20 * MIB // 16
    images = [header(f"({count}, 4, 4)"), *[ZEROS] * 20]
    labels = [header(f"({count},)") + os.urandom(count)]
    packed = archive(
        tmp_path / "packed.npz", x=images, y=[header(f"({count},)") + bytes([0, 1]) * (count // 2)]
    )
    found, peak = peak_bytes(packed)
    assert found == ["ND633"]
    assert peak < 4 * MIB
    plain = archive(tmp_path / "plain.npz", zipfile.ZIP_STORED, x=images, y=labels)
    assert read_data(str(plain), VOLUME).images == count  # as the cure of the finding says


def test_many_images_in_a_few_bytes(tmp_path: Path) -> None:
    count = 400_000
    images = [header(f"({count}, 1)"), bytes(count)]
    path = archive(tmp_path / "data.npz", x=images, y=[header(f"({count},)") + bytes([0, 1]) * (count // 2)])
    assert codes(path) == ["ND633"]


def test_labels_that_do_not_fit_are_seen_before_anything_is_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "data.npz", x=[header("(40000000,)"), *[ZEROS] * 40], y=LABELS)
    with zipfile.ZipFile(path) as file:
        assert file.getinfo("x.npy").file_size > 40 * MIB
    assert peak_bytes(path)[1] < 2 * MIB


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_numpy_never_uses(tmp_path: Path, method: int) -> None:
    path = archive(tmp_path / "data.npz", method, x=[header("(8, 4, 4)") + bytes(128)], y=LABELS)
    assert codes(path) == ["ND620"]


def test_an_archive_of_very_many_members(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as file:
        for number in range(20_000):
            file.writestr(zipfile.ZipInfo(f"{number}.npy"), b"")
    found, peak = peak_bytes(tmp_path / "data.npz")
    assert found == ["ND620"]
    assert peak < 4 * MIB


def test_idx_of_zeros(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netdsl.data.available_memory._UNPACKED_BYTES", 1 << 22)
    images, labels = np.zeros((8, 1024, 1024), np.uint8), np.arange(8, dtype=np.uint8) % 2
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    found, peak = peak_bytes(tmp_path)
    assert found == ["ND633"]
    assert peak < 2 * MIB
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images[:, :8, :8])))
    many = struct.pack(">HBBI", 0, 8, 1, 5_000_000) + bytes(5_000_000)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(many))
    found, peak = peak_bytes(tmp_path)
    assert found == ["ND509"]
    assert peak < 2 * MIB


def test_gzip_that_ends_before_its_images_do(tmp_path: Path) -> None:
    """Too short by less than compression could explain: it shows only where the bytes run out."""
    images = np.zeros((8, 4, 4), np.uint8)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)[:-28]))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.arange(8, dtype=np.uint8))))
    with pytest.raises(Diagnosed) as raised:
        read_data(str(tmp_path), VOLUME)
    assert "it ends after 100 of 128 values" in str(raised.value)


def test_gzip_that_goes_on_behind_its_images(tmp_path: Path) -> None:
    images = np.full((8, 4, 4), 100, np.uint8)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images) + ZEROS * 40))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.arange(8, dtype=np.uint8) % 2))
    found, peak = peak_bytes(tmp_path)
    assert found == ["ND630"]
    assert peak < 12 * MIB


# --- what is checked is what is allocated --------------------------------------------------------


def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The figures that are compared with the machine's memory."""
    figures: list[int] = []
    for module in (arrays, csv_table, npz_archive):
        monkeypatch.setattr(module, "require_memory", lambda needed, *words: figures.append(needed))
    return figures


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dtype", "highest", "order"),
    [("u1", 255, "C"), ("u1", 16, "C"), ("f8", 1, "C"), ("i8", 255, "C"), ("f4", 1, "F"), ("?", 2, "C")],
)
@pytest.mark.parametrize("volume", [Volume(16, 16, 3), Volume(16, 16, 1), Volume(32, 24, 3)])
def test_memory_of_an_archive_is_what_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str, highest: int, order: str, volume: Volume
) -> None:
    images = (np.random.default_rng(1).random((8000, 16, 16, 3)) * highest).astype(dtype, order=order)  # type: ignore[call-overload]
    np.savez(tmp_path / "data.npz", x=images, y=np.arange(len(images)) % 10)
    del images
    figures = asked(monkeypatch)
    tracemalloc.start()
    read_data(str(tmp_path / "data.npz"), volume)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - 9 * MIB < sum(figures) < peak + 24 * MIB  # 8 to unpack, 20 for chunks


def test_memory_of_a_table_is_less_than_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(1).integers(0, 256, (1000, 257))
    np.savetxt(
        tmp_path / "data.csv", values % 10 * (np.arange(257) == 0) + values * (np.arange(257) > 0), "%d", ","
    )
    figures = asked(monkeypatch)
    tracemalloc.start()
    read_data(str(tmp_path / "data.csv"), Volume(16, 16, 1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < sum(figures) + 24 * MIB


def test_large_images_are_converted_in_bands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(1).random((2, 1500, 1500, 3)).astype(np.float16)
    np.savez(tmp_path / "data.npz", x=images, y=[0, 1])
    tracemalloc.start()
    banded = read_data(str(tmp_path / "data.npz"), Volume(8, 8, 1)).pixels
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < images.nbytes + 24 * MIB
    monkeypatch.setattr(scaling, "_BAND_VALUES", 1 << 30)
    assert (fit(images.astype(np.float32), Volume(8, 8, 1)) == banded).all()


def test_no_memory_left_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise MemoryError

    np.savez(tmp_path / "data.npz", x=np.zeros((8, 4, 4)), y=[0, 1] * 4)
    monkeypatch.setattr("netdsl.data.npz_members._fill", fail)
    assert codes(tmp_path / "data.npz") == ["ND511"]


# --- pictures ------------------------------------------------------------------------------------


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def empty_png(path: Path, height: int, width: int, kind: int = 0) -> Path:
    """A picture of zeros that is small as a file."""
    row = bytes(1 + width * {0: 1, 2: 3, 6: 4}[kind])
    packer = zlib.compressobj(9)
    rows = b"".join([packer.compress(row) for _ in range(height)] + [packer.flush()])
    size = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    chunks = [(b"IHDR", size), (b"IDAT", rows), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in chunks))
    return path


@pytest.mark.parametrize(("height", "width"), [(70_000, 1), (1, 70_000), (65_000, 1)])
def test_long_thin_pictures_are_refused_before_they_are_decoded(
    tmp_path: Path, height: int, width: int
) -> None:
    path = empty_png(tmp_path / "1.png", height, width)
    tracemalloc.start()
    with pytest.raises(Diagnosed, match="too long and thin") as caught:
        fitted_picture(path, Volume(400, 400, 3))
    assert tracemalloc.get_traced_memory()[1] < MIB
    tracemalloc.stop()
    assert caught.value.diagnostics[0].code == "ND508"
    assert read_picture(path).shape == (height, width, 1)


def test_long_thin_images_of_an_archive_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x=np.full((2, 1, 70_000), 100, np.uint8), y=[0, 1])
    assert codes(tmp_path / "data.npz", Volume(224, 224, 1)) == ["ND508"]
    assert read_data(str(tmp_path / "data.npz"), Volume(1, 70_000, 1)).images == 2


def test_pictures_share_an_allowance() -> None:
    from concurrent.futures import ThreadPoolExecutor

    allowance, used, most = Allowance(100), [0], [0]

    def take(needed: int) -> None:
        with allowance.of(needed):
            used[0] += min(needed, 100)
            most[0] = max(most[0], used[0])
            time.sleep(0.001)
            used[0] -= min(needed, 100)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, [30, 60, 500, 10, 90] * 8))
    assert 0 < most[0] <= 100


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_large_picture_takes_little_more_than_its_pixels(tmp_path: Path) -> None:
    path = empty_png(tmp_path / "1.png", 4096, 4096, 6)
    script = (
        "import re, sys; from pathlib import Path; from netdsl.data.pictures import fitted_picture\n"
        "from netdsl.quantities import Volume\n"
        "from PIL import Image, PngImagePlugin\n"
        "def peak():\n"
        "    return int(re.search('VmHWM:[^0-9]*([0-9]+)', open('/proc/self/status').read())[1]) // 1024\n"
        "before = peak(); fitted_picture(Path(sys.argv[1]), Volume(32, 32, 3)); print(peak() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert 40 < int(done.stdout) < 110  # MiB; 64 of them are pixels


def test_texts_that_unpack_to_hundreds_of_times(tmp_path: Path) -> None:
    whole = png(np.zeros((4, 4), np.uint8))
    text = chunk(b"zTXt", b"k\0\0" + zlib.compress(ZEROS * 64, 9))
    (tmp_path / "1.png").write_bytes(whole[:33] + text + whole[33:])
    with pytest.raises(Diagnosed) as caught:
        read_picture(tmp_path / "1.png")
    assert caught.value.diagnostics[0].code == "ND610"


def test_pictures_in_very_many_pieces_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "1.ppm").write_bytes(b"P3 8 8 255\n" + b"#\n" * 500_000)
    Image.new("RGB", (64, 64)).save(tmp_path / "2.jpg", progressive=True)
    whole = (tmp_path / "2.jpg").read_bytes()
    assert read_picture(tmp_path / "2.jpg").shape == (64, 64, 3)
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    (tmp_path / "2.jpg").write_bytes(whole[:-2] + scan * 400 + whole[-2:])
    for name in ("1.ppm", "2.jpg"):
        started = time.perf_counter()
        with pytest.raises(Diagnosed, match="scans or remarks"):
            read_picture(tmp_path / name)
        assert time.perf_counter() - started < 1


# --- what is no file -----------------------------------------------------------------------------

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of Unix")


@pytest.mark.parametrize("name", ["data.npz", "data.csv", "train-images-idx3-ubyte", "folder"])
def test_data_that_are_pipes_devices_or_loops(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert codes(tmp_path / name) == ["ND501"]
    (tmp_path / name).unlink()
    for target in ("/dev/zero", "nowhere", name):
        (tmp_path / name).symlink_to(target)
        assert codes(tmp_path / name) == ["ND501"]
        (tmp_path / name).unlink()


def test_pipes_within_data(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(np.full((8, 4, 4), 100, np.uint8)))
    os.mkfifo(tmp_path / "train-labels-idx1-ubyte")
    assert codes(tmp_path) == ["ND630"]
    for name in "ab":
        (tmp_path / "folder" / name).mkdir(parents=True)
    os.mkfifo(tmp_path / "folder" / "a" / "1.png")
    (tmp_path / "folder" / "b" / "1.png").symlink_to("/dev/zero")
    (tmp_path / "folder" / "b" / "2.png").symlink_to("2.png")
    assert codes(tmp_path / "folder") == ["ND610"] * 3
