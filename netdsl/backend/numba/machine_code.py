"""Object files: kept on disk with a digest, and loaded into this process without Numba."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

_MARK = b"netdsl kernel 1\n"
_DIGEST_BYTES = 32


def read_code(path: Path) -> bytes | None:
    """The object file that ``write_code`` wrote; None where there is none, or not a whole one.

    LLVM ends the process over a damaged file, so nothing reaches it that has another digest.
    """
    try:
        content = path.read_bytes()
    except OSError:
        return None
    start = len(_MARK) + _DIGEST_BYTES
    code = content[start:]
    if content[:start] != _MARK + hashlib.sha256(code).digest():
        return None
    return code


def write_code(path: Path, code: bytes) -> None:
    """Write in one step, for other processes may read and write the same file. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not of the tempfile module: others may read what the user's umask lets them, as in an image
    # that is built by one user and run by another.
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with partial.open("xb") as file:
            file.write(_MARK + hashlib.sha256(code).digest() + code)
        os.replace(partial, path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


@cache
def _engine() -> Any:
    """Links object files into this process; it owns their code, which lives as long as the process."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine()
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)


def load_code(code: bytes, symbol: str) -> int:
    """The address of a function of an object file."""
    engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    address: int = engine.get_function_address(symbol)
    assert address, symbol
    return address
