"""Reads NumPy archives (.npz): two arrays, images and labels, under any of their usual names.

Archives come from strangers. Nothing in them is unpickled, and no array is allocated before its
header has been compared with the bytes that are there: a file of 80 bytes may claim 32 GiB.
"""

from __future__ import annotations

import os
import struct
import zipfile
from io import BytesIO
from math import prod
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from netdsl.data.arrays import RawPart, assemble
from netdsl.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from netdsl.data.labels import Labels, labels_of, merged
from netdsl.data.memory import require_memory, require_ratio
from netdsl.diagnostics import Diagnosed, Diagnostic, Severity, file_error
from netdsl.opening import open_file
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_IMAGE_NAMES = ("x", "images", "image", "imgs", "img", "data", "pixels", "features", "inputs", "arr_0")
_LABEL_NAMES = ("y", "labels", "label", "target", "targets", "classes", "class", "outputs", "arr_1")
_PART_MARKS = (
    (TRAIN, ("", "train", "tr", "training")),
    (VALIDATION, ("val", "valid", "validation", "dev")),
    (TEST, ("test", "te", "testing")),
)
_LARGEST_RATIO = 1032
"""Deflate cannot shrink by more than this factor, so a larger claim is a lie."""

_LARGEST_HEADER = 1 << 16
"""Bytes of an array's header, which says its shape and type in one line."""

_LARGEST_DIRECTORY = 1 << 20
"""Bytes of an archive's list of arrays."""

_LABEL_BYTES = 48
"""What sorting the labels takes for each of them."""

_READ_BYTES = 1 << 22


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


class _Guarded:
    """A file whose directory zipfile may read only while it is of a sensible size."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size
        self.most = _LARGEST_DIRECTORY
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def read(self, count: int = -1) -> bytes:
        if count < 0:
            count = max(self.size - self._file.tell(), 0)
        if min(count, self.size) > self.most:
            raise zipfile.BadZipFile(f"its list of arrays is larger than {_LARGEST_DIRECTORY:,} bytes")
        return self._file.read(count)

    def seekable(self) -> bool:
        return True


def read(path: Path, volume: Volume) -> Dataset:
    """The archive as a data set scaled to ``volume``.

    Raises Diagnosed: ND620 damaged, ND621 pickled objects, ND622 no images or labels, and what
    ``assemble`` raises.
    """
    try:
        with open_file(path) as file:
            guarded = _Guarded(file)
            with zipfile.ZipFile(guarded) as archive:
                guarded.most = guarded.size
                raw, reading, findings = _raw_parts(path, archive, guarded.size)
        return assemble(str(path), raw, volume, reading=reading, findings=findings)
    except (Diagnosed, MemoryError):
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


class _Pair(NamedTuple):
    """The members of one part."""

    images: _Member
    labels: _Member
    part: int


def _raw_parts(
    path: Path, archive: zipfile.ZipFile, size: int
) -> tuple[list[RawPart], tuple[str, ...], tuple[Diagnostic, ...]]:
    """The arrays of every part, what was assumed about them, and what was left out."""
    pairs, findings = _pairs(path, archive, size)
    for pair in pairs:
        if pair.images.shape[:1] != pair.labels.shape[:1] and pair.images.shape and pair.labels.shape:
            message = f"{pair.images.shape[0]:,} images but {pair.labels.shape[0]:,} labels"
            cure = "every image needs exactly one label, in the same order"
            raise Diagnosed(file_error("ND509", str(path), message, cure))
    reading = [
        f"one-hot labels, {pair.labels.name}, are read as the number of the class"
        for pair in pairs
        if len(pair.labels.shape) == 2 and pair.labels.shape[1] > 1
    ]
    unpacked = sum(pair.images.data_bytes + pair.labels.data_bytes for pair in pairs)
    count = sum(pair.images.shape[0] for pair in pairs if pair.images.shape)
    require_ratio(
        unpacked, count, size, str(path), "if these are images, do not pack them: numpy.savez(path, ...)"
    )
    # Labels are few and tell at once where there is nothing to learn.
    labels = [_labels(path, archive, pair.labels) for pair in pairs]
    if all(len(part.indices) for part in labels):
        merged(str(path), labels)
    needed = sum(pair.images.data_bytes for pair in pairs)
    require_memory(needed, str(path), "the images", "use a part of the data")
    raw = [
        RawPart(_array(path, archive, pair.images), part, pair.part)
        for pair, part in zip(pairs, labels, strict=True)
    ]
    return raw, tuple(reading), tuple(findings)


def _pairs(path: Path, archive: zipfile.ZipFile, size: int) -> tuple[list[_Pair], list[Diagnostic]]:
    """The pairs of images and labels, by the names of the arrays, known from their headers."""
    present = _Names(name for name in archive.namelist() if name.endswith(".npy"))
    pairs, findings = [], []
    for part, marks in _PART_MARKS:
        images, labels = present.first(_IMAGE_NAMES, marks), present.first(_LABEL_NAMES, marks)
        if images and labels:
            found = [_header_of(path, archive, name, size) for name in (images, labels)]
            pairs.append(_Pair(found[0], found[1], part))
        elif part != TRAIN and (alone := images or labels):
            message = f"left out: `{alone.removesuffix('.npy')}` has no {'labels' if images else 'images'}"
            findings.append(Diagnostic("ND524", Severity.WARNING, message, path=str(path)))
    if not pairs:
        names = ", ".join(sorted(name.removesuffix(".npy") for name in present.names)) or "none"
        cure = "name the arrays `images` and `labels` (or x and y, or x_train, y_train, x_test, y_test)"
        message = f"found no images with labels among the arrays: {names}"[:300]
        raise Diagnosed(file_error("ND622", str(path), message, cure))
    return pairs, findings


class _Names:
    """The names of an archive's arrays in any usual spelling: ``x_train``, ``trainX``, ``Train-Images``."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self._by_key: dict[str, str] = {}
        for name in self.names:
            self._by_key.setdefault(self._key(name.removesuffix(".npy")), name)

    @staticmethod
    def _key(name: str) -> str:
        return "".join(letter for letter in name.lower() if letter.isalnum())

    def first(self, names: tuple[str, ...], marks: tuple[str, ...]) -> str | None:
        """The archive's name for the first usual spelling that it holds."""
        for mark in marks:
            for name in map(self._key, names):
                for key in (name + mark, mark + name):
                    if key in self._by_key:
                        return self._by_key[key]
        return None


def _header_of(path: Path, archive: zipfile.ZipFile, name: str, size: int) -> _Member:
    """What a member's header says, compared with what the archive says about it."""
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Diagnosed(_damaged(path, f"`{name}` is compressed as NumPy never does it"))
    if info.compress_size > size or info.file_size > _LARGEST_RATIO * info.compress_size + 1024:
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
    return member


def _labels(path: Path, archive: zipfile.ZipFile, member: _Member) -> Labels:
    needed = member.data_bytes * 3 + _LABEL_BYTES * prod(member.shape)
    require_memory(needed, str(path), "the labels", "use a part of the data")
    return labels_of(str(path), _array(path, archive, member))


def _array(path: Path, archive: zipfile.ZipFile, member: _Member) -> NDArray[Any]:
    """Read one array whose header has been compared with what is there."""
    with archive.open(f"{member.name}.npy") as stream:
        stream.read(member.header_bytes)
        content = np.empty(member.data_bytes, np.uint8)
        _fill(path, member.name, stream, content)
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
    """Parse the header of a member; no more than a sensible length of it is read."""
    magic = stream.read(8)
    version = tuple(magic[6:])
    if magic[:6] != b"\x93NUMPY" or version not in ((1, 0), (2, 0)):
        raise Diagnosed(_damaged(path, f"`{name}` has version {version} of the format"))
    length = stream.read(2 if version == (1, 0) else 4)
    (header_bytes,) = struct.unpack("<H" if version == (1, 0) else "<I", length)
    if header_bytes > _LARGEST_HEADER:
        raise Diagnosed(_damaged(path, f"`{name}` has a header of {header_bytes:,} bytes"))
    text = BytesIO(length + stream.read(header_bytes))
    parse = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran_order, dtype = parse(text)
    if dtype.hasobject:
        raise Diagnosed(
            file_error(
                "ND621",
                str(path),
                f"`{name}` holds pickled Python objects, which can run code when they are read",
                "store plain arrays: numpy.asarray(images, dtype=numpy.uint8)",
            )
        )
    if dtype.kind not in "biufUS":
        raise Diagnosed(_damaged(path, f"`{name}` has type {dtype}, neither numbers nor names"))
    return _Member(name.removesuffix(".npy"), shape, fortran_order, dtype, len(magic) + text.tell())
