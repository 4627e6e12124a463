"""Digests: of texts, and of this program, on which findings depend as well."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import netdsl
from netdsl.own_folder import read_own, write_own
from netdsl.resources import grammar_path

_KNOWN = "program"
_KEPT = 8
"""Installations whose digests are remembered."""

_ENDINGS = (".py", ".json", ".lark")


def digest_of(*parts: bytes) -> str:
    """A name for some content that nothing else has: 32 hexadecimal digits."""
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def program_digest(folder: Path) -> str:
    """A digest of the content of all files that this program consists of.

    Reading them takes longer than the checks of many networks, so the digest is remembered in ``folder``
    for as long as no file has another size, time or place on the disk.
    """
    files = sorted(_files(os.path.dirname(os.path.abspath(netdsl.__file__))))
    signature = digest_of(f"{sys.version} {sys.platform} {files}".encode())
    known = _known(folder / _KNOWN)
    if signature not in known:
        contents = [_content(path) for path, *_ in files]
        known[signature] = digest_of(f"{sys.version} {netdsl.__version__}".encode(), *contents)
        latest = dict([*known.items()][-_KEPT:])
        with suppress(OSError):
            write_own(folder / _KNOWN, json.dumps(latest).encode())
    return known[signature]


def _known(path: Path) -> dict[str, str]:
    try:
        known = json.loads(read_own(path, 1 << 16) or b"")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(known, dict) or not all(isinstance(digest, str) for digest in known.values()):
        return {}
    return known


def _files(folder: str) -> Iterator[tuple[str, int, int, int, int]]:
    """Every file of the program with what changes when it is written."""
    yield _stamped(grammar_path(), os.stat(grammar_path()))
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.endswith(_ENDINGS):
                    yield _stamped(entry.path, entry.stat())
                elif entry.is_dir() and entry.name != "__pycache__":
                    waiting.append(entry.path)


def _stamped(path: str, status: os.stat_result) -> tuple[str, int, int, int, int]:
    return path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
