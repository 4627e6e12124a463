"""Object files: kept on disk with a digest, and loaded into this process without Numba."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

from netdsl.own_folder import read_own, write_own

_MARK = b"netdsl kernel 1\n"
_DIGEST_BYTES = 32
_MOST_BYTES = 2**26
"""Kernels take some kilobytes."""


def read_code(path: Path) -> bytes | None:
    """The object file that ``write_code`` wrote; None where there is none, or not a whole one, or where
    another user may have put it there.

    LLVM ends the process over a damaged file, so nothing reaches it that has another digest.
    """
    content = read_own(path, _MOST_BYTES)
    if content is None:
        return None
    start = len(_MARK) + _DIGEST_BYTES
    code = content[start:]
    if content[:start] != _MARK + hashlib.sha256(code).digest():
        return None
    return code


def write_code(path: Path, code: bytes) -> None:
    """Write in one step, with a digest. Raises OSError."""
    write_own(path, _MARK, hashlib.sha256(code).digest(), code)


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
