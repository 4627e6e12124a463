"""Named arrays and one JSON text in a safetensors file, with a digest over all of it.

The text is a single metadata entry, because the safetensors format promises no order for several:
the same content must give the same bytes. Reading goes through the safetensors library, which is
hardened against hostile headers; writing is done here, because the library copies every array
first and hides the system's errors. A test reads what is written here with the library.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.data.available_memory import require_memory
from netdsl.opening import open_file
from netdsl.writing import replace_file

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[np.float32]]

_ENTRY = "netdsl"
"""The key of the text in the file's metadata."""

_LARGEST_HEADER = 16 << 20
"""Bytes; a network's text is at most 1 MiB."""

_MOST_BRACKETS, _MOST_COMMAS = 2**19, 2**21
"""In a description; one of 100,000 layers has a fifth. Each may cost a hundred bytes of memory."""


def write(path: Path, content: dict[str, Any], arrays: Arrays, *, keep: Path | None = None) -> None:
    """Replace ``path`` atomically. ``content`` must be JSON; arrays are float32 in C order.

    Raises Diagnosed (ND515) where the system does not let us.
    """
    replace_file(path, _pieces(content, arrays), keep=keep)


def _pieces(content: dict[str, Any], arrays: Arrays) -> Iterator[ReadableBuffer]:
    names = sorted(arrays)
    text = _text({**content, "digest": _digest(content, arrays)})
    header: dict[str, Any] = {"__metadata__": {_ENTRY: text}}
    end = 0
    for name in names:
        start, end = end, end + arrays[name].nbytes
        header[name] = {"dtype": "F32", "shape": list(arrays[name].shape), "data_offsets": [start, end]}
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)  # so that the numbers after it lie aligned
    yield struct.pack("<Q", len(encoded))
    yield encoded
    for name in names:
        yield np.ascontiguousarray(arrays[name], "<f4").data


def _text(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Names that are not UTF-8 have lone surrogates; their escapes here are those of JSON.
    return text.encode("utf-8", "backslashreplace").decode()


def _digest(content: dict[str, Any], arrays: Arrays) -> str:
    """SHA-256 over the text, and over name, shape and numbers of every array."""
    total = hashlib.sha256(_text(content).encode())
    for name in sorted(arrays):
        total.update(repr((name, arrays[name].shape)).encode())
        total.update(np.ascontiguousarray(arrays[name], "<f4").data)
    return total.hexdigest()


def read(path: Path) -> tuple[dict[str, Any], Arrays]:
    """Content and arrays of a file that ``write`` wrote.

    Raises ValueError with a reason for any other file, however it came about, OSError, and
    Diagnosed (ND511) where it does not fit into memory.
    """
    from safetensors import SafetensorError, safe_open

    _check_size(path)
    arrays: Arrays = {}
    try:
        with safe_open(path, framework="numpy") as archive:
            content = _parse((archive.metadata() or {}).get(_ENTRY))
            require_memory(path.stat().st_size, str(path), "the checkpoint")
            for name in archive.keys():  # noqa: SIM118 (not a dict)
                if archive.get_slice(name).get_dtype() != "F32":
                    raise ValueError(f"{name!r} is not made of 32-bit floats")
                arrays[name] = np.ascontiguousarray(archive.get_tensor(name))
    except SafetensorError as error:
        raise ValueError(f"damaged or cut short ({error})") from error
    if content.pop("digest", None) != _digest(content, arrays):
        raise ValueError("damaged: its content does not have the digest that was written with it")
    return content, arrays


def read_arrays(path: Path) -> tuple[Arrays, dict[str, str]]:
    """The arrays of floats of any safetensors file as 32-bit floats, and the type of each other array.

    A file that ``write`` wrote must be whole. Raises as ``read`` does.
    """
    from safetensors import SafetensorError, safe_open

    _check_size(path)
    arrays: Arrays = {}
    others: dict[str, str] = {}
    try:
        with safe_open(path, framework="numpy") as archive:
            if _ENTRY in (archive.metadata() or {}):
                return read(path)[1], {}
            require_memory(2 * path.stat().st_size, str(path), "this file")
            for name in archive.keys():  # noqa: SIM118 (not a dict)
                kind = archive.get_slice(name).get_dtype()
                if kind in ("F32", "F64", "F16"):
                    with np.errstate(over="ignore"):
                        arrays[name] = np.ascontiguousarray(archive.get_tensor(name), np.float32)
                else:
                    others[name] = kind
    except SafetensorError as error:
        raise ValueError(f"damaged or cut short ({error})") from error
    return arrays, others


def _check_size(path: Path) -> None:
    """Refuse by the first eight bytes what the library would map and parse."""
    with open_file(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        first = stream.read(8)
    if len(first) < 8:
        raise ValueError(f"cut short: it has {size} bytes")
    (header_bytes,) = struct.unpack("<Q", first)
    if header_bytes > min(_LARGEST_HEADER, size - 8):
        raise ValueError("not a safetensors file: it does not start like one, or is cut short")


def _parse(text: str | None) -> dict[str, Any]:
    """The JSON object of the metadata entry."""
    if text is None:
        raise ValueError("not a netdsl checkpoint: it has no description of a network")
    if text.count("[") + text.count("{") > _MOST_BRACKETS or text.count(",") > _MOST_COMMAS:
        raise ValueError("not a netdsl checkpoint: its description has more parts than that of any network")
    try:
        content = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ValueError("not a netdsl checkpoint: its description is not JSON") from error
    if not isinstance(content, dict):
        raise ValueError("not a netdsl checkpoint: its description is not a JSON object")
    return content


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number")
