"""The variants that tuning found fastest on this machine, kept beside the kernels.

A file is named after everything that the times depend on but the operations: the CPU and all sources
that kernels are made from. It is a cache: whatever differs from what was written counts as missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from netdsl.backend.numba.compile.cache_folder import cache_folder
from netdsl.backend.numba.target import host
from netdsl.own_folder import distrust, read_own, write_own

MOST_BYTES = 2**22
"""Larger files are not ours."""


def tuned_path() -> Path:
    """Where the variants of this machine are."""
    return cache_folder() / f"forms_{_machine()}.json"


@cache
def _machine() -> str:
    digest = hashlib.sha256()
    folder = Path(__file__).parents[1]
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    facts = (version("numba"), version("llvmlite"), *map(str, host()))
    digest.update("\n".join(facts).encode())
    return digest.hexdigest()[:20]


def load_tuned() -> dict[str, str]:
    """What is known of this machine, the names of variants by the keys of operations."""
    path = tuned_path()
    content = None if distrust(path.parent) else read_own(path, MOST_BYTES)
    try:
        found = json.loads(content or b"")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: variant for key, variant in found.items() if isinstance(variant, str)}


def save_tuned(variants: Mapping[str, str]) -> str:
    """Add to what is known; why nothing could be kept, or an empty text.

    Readers see the old file or the new one. Of two processes that write at once one may lose what it
    measured, and measures it again.
    """
    path = tuned_path()
    if why := distrust(path.parent):
        return why
    text = json.dumps({**load_tuned(), **variants}, indent=1, sort_keys=True) + "\n"
    try:
        write_own(path, text.encode())
    except OSError as error:
        return f"{path.parent}: {error.strerror or error}"
    return ""
