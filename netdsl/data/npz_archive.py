"""Reads NumPy archives (.npz): two arrays, images and labels, under any of their usual names.

Archives come from strangers. Nothing in them is unpickled, and no array is allocated before its
header has been compared with the bytes that are there: a file of 80 bytes may claim 32 GiB.
"""

from __future__ import annotations

import zipfile
from math import prod
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from netdsl.data.arrays import RawPart, assemble
from netdsl.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from netdsl.data.memory import require_memory
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

_IMAGE_NAMES = ("x", "X", "images", "image", "data", "pixels", "arr_0")
_LABEL_NAMES = ("y", "Y", "labels", "label", "target", "targets", "classes", "arr_1")
_PART_MARKS = (
    (TRAIN, ("{}", "{}_train", "train_{}", "{}_tr")),
    (VALIDATION, ("{}_val", "val_{}", "{}_valid", "valid_{}", "{}_validation", "validation_{}")),
    (TEST, ("{}_test", "test_{}", "{}_te")),
)
_LARGEST_RATIO = 1032
"""Deflate cannot shrink by more than this factor, so a larger claim is a lie."""

_READ_BYTES = 1 << 24


class _Member(NamedTuple):
    """One array of an archive, known from its header only."""

    name: str
    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]
    header_bytes: int

    @property
    def data_bytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize


def recognises(path: Path) -> bool:
    return path.suffix.lower() == ".npz"


def read(path: Path, volume: Volume) -> Dataset:
    """The archive as a data set scaled to ``volume``.

    Raises Diagnosed: ND620 damaged, ND621 pickled objects, ND622 no images or labels, and what
    ``assemble`` raises.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return assemble(str(path), _raw_parts(path, archive), volume)
    except Diagnosed:
        raise
    except OSError as error:
        raise Diagnosed(_damaged(path, error.strerror or str(error))) from error
    except Exception as error:
        # zipfile, zlib and NumPy's header parser raise a dozen types for damaged input.
        raise Diagnosed(_damaged(path, str(error) or type(error).__name__)) from error


def _damaged(path: Path, why: str) -> Diagnostic:
    return file_error(
        "ND620",
        str(path),
        f"this is no whole NumPy archive: {why[:200]}",
        "write it again with numpy.savez_compressed(path, images=..., labels=...)",
    )


def _raw_parts(path: Path, archive: zipfile.ZipFile) -> list[RawPart]:
    present = {name.removesuffix(".npy"): name for name in archive.namelist() if name.endswith(".npy")}
    found = []
    for part, marks in _PART_MARKS:
        images = _first(present, _IMAGE_NAMES, marks)
        labels = _first(present, _LABEL_NAMES, marks)
        if images and labels:
            pixels, values = _array(path, archive, images), _array(path, archive, labels)
            found.append(RawPart(pixels, values.reshape(-1) if values.shape[1:] == (1,) else values, part))
    if not found or found[0].part != TRAIN:
        raise Diagnosed(
            file_error(
                "ND622",
                str(path),
                f"found no images with labels among the arrays: {', '.join(sorted(present)) or 'none'}"[:300],
                "name the arrays `images` and `labels` (or x and y, or x_train, y_train, x_test, y_test)",
            )
        )
    return found


def _first(present: dict[str, str], names: tuple[str, ...], marks: tuple[str, ...]) -> str | None:
    """The archive's name for the first usual spelling that it holds."""
    for mark in marks:
        for name in names:
            if mark.format(name) in present:
                return present[mark.format(name)]
    return None


def _array(path: Path, archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Read one array after its header, its claimed size and the memory have been compared."""
    info = archive.getinfo(name)
    if info.file_size > _LARGEST_RATIO * info.compress_size + 1024:
        raise Diagnosed(
            _damaged(
                path, f"`{name}` claims {info.file_size:,} bytes from {info.compress_size:,} compressed ones"
            )
        )
    with archive.open(info) as stream:
        member = _header(path, name, stream)
        if member.header_bytes + member.data_bytes != info.file_size:
            raise Diagnosed(
                _damaged(
                    path,
                    f"`{name}` says its shape is {member.shape} of {member.dtype}, which is "
                    f"{member.data_bytes:,} bytes, but {info.file_size - member.header_bytes:,} are there",
                )
            )
        require_memory(member.data_bytes, str(path), f"the array `{name}`", "use a part of the data")
        content = np.empty(member.data_bytes, np.uint8)
        _fill(path, name, stream, content)
    flat = content.view(member.dtype) if member.data_bytes else np.empty(0, member.dtype)
    return flat.reshape(member.shape, order="F" if member.fortran_order else "C")


def _fill(path: Path, name: str, stream: IO[bytes], content: NDArray[np.uint8]) -> None:
    """Read exactly ``content.size`` bytes; reading on to the end is what checks the CRC."""
    view, position = content.data, 0
    while position < len(view):
        piece = stream.read(min(len(view) - position, _READ_BYTES))
        if not piece:
            raise Diagnosed(_damaged(path, f"`{name}` ends after {position:,} of {len(view):,} bytes"))
        view[position : position + len(piece)] = piece
        position += len(piece)
    stream.read(1)


def _header(path: Path, name: str, stream: IO[bytes]) -> _Member:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, fortran_order, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise Diagnosed(_damaged(path, f"`{name}` has version {version} of the format"))
    if dtype.hasobject:
        raise Diagnosed(
            file_error(
                "ND621",
                str(path),
                f"`{name}` holds pickled Python objects, which can run code when they are read",
                "store plain arrays: numpy.asarray(images, dtype=numpy.uint8)",
            )
        )
    if dtype.kind not in "biufU":
        raise Diagnosed(_damaged(path, f"`{name}` has type {dtype}, neither numbers nor names"))
    return _Member(name, shape, fortran_order, dtype, stream.tell())
