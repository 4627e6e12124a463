"""The arrays of a NumPy archive (.npz), read with distrust.

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

from netdsl.data.unpacking import LARGEST_RATIO, read_into
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST_HEADER = 1 << 16
"""Bytes of an array's header, which says its shape and type in one line."""

_LARGEST_DIRECTORY = 1 << 20
"""Bytes of an archive's list of arrays."""


class Member(NamedTuple):
    """One array of an archive, known from its header only."""

    name: str
    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]
    header_bytes: int

    @property
    def data_bytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize


class Guarded:
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


def damaged(path: Path, why: str) -> Diagnostic:
    return file_error(
        "ND620",
        str(path),
        f"this is not a complete NumPy archive: {why[:200]}",
        "write it again with numpy.savez_compressed(path, images=..., labels=...)",
    )


def header_of(path: Path, archive: zipfile.ZipFile, name: str, size: int) -> Member:
    """What a member's header says, compared with what the archive says about it."""
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Diagnosed(damaged(path, f"`{name}` is compressed in a way that NumPy never uses"))
    if info.compress_size > size or info.file_size > LARGEST_RATIO * info.compress_size + 1024:
        raise Diagnosed(
            damaged(
                path, f"`{name}` claims {info.file_size:,} bytes from {info.compress_size:,} compressed ones"
            )
        )
    with archive.open(info) as stream:
        member = _header(path, name, stream)
    if member.header_bytes + member.data_bytes != info.file_size:
        raise Diagnosed(
            damaged(
                path,
                f"`{name}` says its shape is {member.shape} of {member.dtype}, which is "
                f"{member.data_bytes:,} bytes, but {info.file_size - member.header_bytes:,} are there",
            )
        )
    return member


def array_of(path: Path, archive: zipfile.ZipFile, member: Member) -> NDArray[Any]:
    """Read one array whose header has been compared with what is there."""
    with archive.open(f"{member.name}.npy") as stream:
        stream.read(member.header_bytes)
        content = np.empty(member.data_bytes, np.uint8)
        _fill(path, member.name, stream, content)
    flat = content.view(member.dtype) if member.data_bytes else np.empty(0, member.dtype)
    return flat.reshape(member.shape, order="F" if member.fortran_order else "C")


def _fill(path: Path, name: str, stream: IO[bytes], content: NDArray[np.uint8]) -> None:
    """Read exactly ``content.size`` bytes; reading on to the end is what checks the CRC."""
    there = read_into(stream, content)
    if there < content.size:
        raise Diagnosed(damaged(path, f"`{name}` ends after {there:,} of {content.size:,} bytes"))
    stream.read(1)


def _header(path: Path, name: str, stream: IO[bytes]) -> Member:
    """Parse the header of a member; no more than a sensible length of it is read."""
    magic = stream.read(8)
    version = tuple(magic[6:])
    if magic[:6] != b"\x93NUMPY" or version not in ((1, 0), (2, 0)):
        raise Diagnosed(damaged(path, f"`{name}` has version {version} of the format"))
    length = stream.read(2 if version == (1, 0) else 4)
    (header_bytes,) = struct.unpack("<H" if version == (1, 0) else "<I", length)
    if header_bytes > _LARGEST_HEADER:
        raise Diagnosed(damaged(path, f"`{name}` has a header of {header_bytes:,} bytes"))
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
        raise Diagnosed(damaged(path, f"`{name}` has type {dtype}, neither numbers nor names"))
    return Member(name.removesuffix(".npy"), shape, fortran_order, dtype, len(magic) + text.tell())
