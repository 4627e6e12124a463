"""Reads IDX files, the format of MNIST and its relatives, plain or compressed with gzip.

Format: two zero bytes, a type (8: bytes), the number of axes, each axis as a big-endian 32-bit
number, then the values (LeCun, Cortes, Burges, "The MNIST database of handwritten digits").
"""

from __future__ import annotations

import gzip
import struct
import zlib
from math import prod
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from netdsl.data.arrays import RawPart, assemble
from netdsl.data.dataset import TEST, TRAIN, Dataset
from netdsl.data.memory import require_memory
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BYTES_TYPE = 8
_LARGEST_RATIO = 1032
"""Deflate cannot shrink by more than this factor."""

_READ_BYTES = 1 << 24


def recognises(path: Path) -> bool:
    """Whether a path names IDX images, or a folder that holds the files of MNIST's names."""
    if path.is_dir():
        return _train_images(path) is not None
    return "idx" in path.name.lower() or path.name.lower().removesuffix(".gz").endswith("ubyte")


def _train_images(folder: Path) -> Path | None:
    names = sorted(entry for entry in folder.iterdir() if "idx3" in entry.name and "images" in entry.name)
    marked = [entry for entry in names if "train" in entry.name]
    return marked[0] if marked else names[0] if len(names) == 1 else None


def read(path: Path, volume: Volume) -> Dataset:
    """A folder with its own test part, or one pair of files without, scaled to ``volume``.

    Raises Diagnosed: ND630 malformed or truncated, ND631 no labels beside it, and what ``assemble``
    raises.
    """
    if not path.is_dir():
        if "labels" in path.name:
            images = path.with_name(path.name.replace("labels", "images").replace("idx1", "idx3"))
            path = images if images.exists() else path
        return assemble(str(path), [_pair(path, TRAIN)], volume)
    train = _train_images(path)
    assert train is not None
    raw = [_pair(train, TRAIN)]
    for name in ("t10k", "test"):
        test = train.with_name(train.name.replace("train", name))
        for candidate in (test, test.with_name(test.name + ".gz"), test.with_suffix("")):
            if test != train and len(raw) == 1 and candidate.exists():
                raw.append(_pair(candidate, TEST))
    return assemble(str(path), raw, volume)


def _pair(images: Path, part: int) -> RawPart:
    name = images.name.replace("images", "labels").replace("idx3", "idx1")
    plain = name.removesuffix(".gz")
    for candidate in (images.with_name(name), images.with_name(plain), images.with_name(plain + ".gz")):
        if candidate != images and candidate.exists():
            return RawPart(_array(images, 3), _array(candidate, 1), part)
    raise Diagnosed(
        file_error(
            "ND631",
            str(images),
            "found no labels for these images",
            f"put `{name}` beside it"
            if name != images.name
            else "IDX images are named like train-images-idx3-ubyte",
        )
    )


def _malformed(path: Path, why: str) -> Diagnostic:
    return file_error(
        "ND630", str(path), f"this is no whole IDX file: {why}", "download or copy the file again"
    )


def _array(path: Path, axes: int) -> NDArray[np.uint8]:
    """The values of one file with the stated number of axes."""
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        stored = path.stat().st_size
        with cast("IO[bytes]", gzip.open(path, "rb") if zipped else path.open("rb")) as stream:
            header = stream.read(4 + 4 * axes)
            shape = _shape(path, header, axes)
            largest = stored * _LARGEST_RATIO if zipped else stored - len(header)
            if prod(shape) > largest:
                text = "x".join(map(str, shape))
                raise Diagnosed(
                    _malformed(
                        path, f"its header promises {text} = {prod(shape):,} bytes, the file has {stored:,}"
                    )
                )
            require_memory(prod(shape), str(path), "the file", "use a part of the data")
            content = np.empty(prod(shape), np.uint8)
            _fill(path, stream, content)
            return content.reshape(shape)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise Diagnosed(_malformed(path, str(error)[:200] or type(error).__name__)) from error


def _shape(path: Path, header: bytes, axes: int) -> tuple[int, ...]:
    if len(header) < 4 + 4 * axes:
        raise Diagnosed(_malformed(path, f"it ends within its header, after {len(header)} bytes"))
    zeros, kind, found = struct.unpack(">HBB", header[:4])
    if zeros != 0:
        raise Diagnosed(_malformed(path, "it does not start with two zero bytes"))
    if kind != _BYTES_TYPE:
        raise Diagnosed(_malformed(path, f"its values have type {kind}, and only bytes (8) are read"))
    if found != axes:
        raise Diagnosed(
            _malformed(
                path, f"it has {found} axes where {'images have' if axes == 3 else 'labels have'} {axes}"
            )
        )
    return struct.unpack(f">{axes}I", header[4:])


def _fill(path: Path, stream: IO[bytes], content: NDArray[np.uint8]) -> None:
    """Read exactly ``content.size`` bytes; more or fewer are a mistake."""
    view, position = content.data, 0
    while position < len(view):
        piece = stream.read(min(len(view) - position, _READ_BYTES))
        if not piece:
            raise Diagnosed(_malformed(path, f"it ends after {position:,} of {len(view):,} values"))
        view[position : position + len(piece)] = piece
        position += len(piece)
    if stream.read(1):
        raise Diagnosed(
            _malformed(path, f"more bytes follow the {len(view):,} values that its header promises")
        )
