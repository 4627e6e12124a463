"""Reads IDX files, the format of MNIST and its relatives, plain or compressed with gzip.

Format: two zero bytes, a type (8: bytes), the number of axes, each axis as a big-endian 32-bit
number, then the values (LeCun, Cortes, Burges, "The MNIST database of handwritten digits").
"""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from math import prod
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from netdsl.data.arrays import RawPart, assemble
from netdsl.data.available_memory import require_memory, require_ratio
from netdsl.data.class_labels import labels_of
from netdsl.data.dataset import TRAIN, Dataset
from netdsl.data.idx_names import Name, files_of, name_of
from netdsl.data.unpacking import LARGEST_RATIO, read_into
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.opening import open_file
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BYTES_TYPE = 8
_LABEL_BYTES = 48
"""What sorting the labels takes for each of them."""


def recognises(path: Path) -> bool:
    """Whether a path names IDX images, or a folder that holds the files of MNIST's names."""
    if path.is_dir():
        return bool(_files_within(path))
    return "idx" in path.name.lower() or path.name.lower().removesuffix(".gz").endswith("ubyte")


def read(path: Path, volume: Volume) -> Dataset:
    """A folder with its own test part, or one pair of files without, scaled to ``volume``.

    Raises Diagnosed: ND630 malformed or truncated, ND631 no labels beside it or several sets of images,
    and what ``assemble`` raises.
    """
    if path.is_dir():
        pairs = _pairs(path, _files_within(path))
    else:
        name = name_of(path)
        files = files_of(path.parent) if name else {}
        if name is not None and name.kind == "labels":
            path = files.get(name._replace(kind="images"), path)
        pairs = [(path, _labels_beside(path, files), TRAIN)]
    raw = []
    for images, labels, part in pairs:
        pixels = _array(images, 3)
        raw.append(RawPart(pixels, labels_of(str(labels), _array(labels, 1, len(pixels))), part))
    return assemble(str(path), raw, volume)


def _files_within(folder: Path) -> dict[Name, Path]:
    """The IDX files of a folder, or of the one within it: torchvision has them in ``raw``."""
    if files := files_of(folder):
        return files
    inner = [entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith((".", "__"))]
    raw = [entry for entry in inner if entry.name.lower() == "raw"] or inner
    return files_of(raw[0]) if len(raw) == 1 else {}


def _pairs(folder: Path, files: dict[Name, Path]) -> list[tuple[Path, Path, int]]:
    """Images and labels of every part in a folder."""
    images = {name: path for name, path in files.items() if name.kind == "images"}
    if not images:
        labels = next(iter(files.values()))
        wanted = labels.name.replace("labels", "images").replace("idx1", "idx3")
        message = "found no images for these labels"
        raise Diagnosed(file_error("ND631", str(labels), message, f"put `{wanted}` beside it"))
    subjects = sorted({name.subject for name in images})
    if len(subjects) > 1:
        message = f"there are several sets of images here: {', '.join(subjects[:10])}"
        raise Diagnosed(file_error("ND631", str(folder), message, "name the file with the images of one"))
    only = len(images) == 1
    return sorted(
        (
            (path, _labels_beside(path, files), TRAIN if only or name.part is None else name.part)
            for name, path in images.items()
        ),
        key=lambda pair: pair[2],
    )


def _labels_beside(images: Path, files: dict[Name, Path]) -> Path:
    """The file with the labels of these images."""
    name = name_of(images)
    if name is not None and name.kind == "images":
        wanted_name = name._replace(kind="labels")
        if wanted_name not in files and name_of(images.parent) is not None:
            files = files_of(images.parent.parent)  # an archive unpacked into its own folder
        if wanted_name in files:
            return files[wanted_name]
    wanted = images.name.replace("images", "labels").replace("idx3", "idx1")
    raise Diagnosed(
        file_error(
            "ND631",
            str(images),
            "found no labels for these images",
            f"put `{wanted}` beside it"
            if wanted != images.name
            else "IDX images are named like train-images-idx3-ubyte",
        )
    )


def _malformed(path: Path, why: str) -> Diagnostic:
    return file_error(
        "ND630", str(path), f"this is not a complete IDX file: {why}", "download or copy the file again"
    )


def _array(path: Path, axes: int, images: int | None = None) -> NDArray[np.uint8]:
    """The values of one file with the stated number of axes; of labels, for so many ``images``."""
    try:
        with open_file(path) as file:
            zipped = file.read(2) == b"\x1f\x8b"
            stored = file.seek(0, os.SEEK_END)
            file.seek(0)
            stream = cast("IO[bytes]", gzip.GzipFile(fileobj=file, mode="rb")) if zipped else file
            header = stream.read(4 + 4 * axes)
            shape = _shape(path, header, axes)
            largest = stored * LARGEST_RATIO if zipped else stored - len(header)
            if prod(shape) > largest:
                text = "x".join(map(str, shape))
                raise Diagnosed(
                    _malformed(
                        path, f"its header declares {text} = {prod(shape):,} bytes, the file has {stored:,}"
                    )
                )
            if images is None:
                cure = "if these are images, unpack the file: gunzip"
                require_ratio(prod(shape), shape[0], stored, str(path), cure)
            elif images != shape[0]:
                message = f"{images:,} images but {shape[0]:,} labels"
                cure = "every image needs exactly one label, in the same order"
                raise Diagnosed(file_error("ND509", str(path), message, cure))
            needed = prod(shape) * (1 if images is None else _LABEL_BYTES)
            require_memory(needed, str(path), "the file", "use a part of the data")
            content = np.empty(prod(shape), np.uint8)
            _fill(path, stream, content)
            return content.reshape(shape)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Diagnosed(_malformed(path, why[:200] or type(error).__name__)) from error


def _shape(path: Path, header: bytes, axes: int) -> tuple[int, ...]:
    if len(header) < 4 + 4 * axes:
        raise Diagnosed(_malformed(path, f"it ends within its header, after {len(header)} bytes"))
    zeros, kind, found = struct.unpack(">HBB", header[:4])
    if zeros != 0:
        raise Diagnosed(_malformed(path, "it does not start with two zero bytes"))
    if kind != _BYTES_TYPE:
        raise Diagnosed(_malformed(path, f"its values have type {kind}, but only bytes (8) are supported"))
    if found != axes:
        raise Diagnosed(
            _malformed(
                path, f"it has {found} axes where {'images have' if axes == 3 else 'labels have'} {axes}"
            )
        )
    return struct.unpack(f">{axes}I", header[4:])


def _fill(path: Path, stream: IO[bytes], content: NDArray[np.uint8]) -> None:
    """Read exactly ``content.size`` bytes; more or fewer are a mistake."""
    there = read_into(stream, content)
    if there < content.size:
        raise Diagnosed(_malformed(path, f"it ends after {there:,} of {content.size:,} values"))
    if stream.read(1):
        raise Diagnosed(
            _malformed(path, f"more bytes follow the {content.size:,} values that its header declares")
        )
