"""The forms that tuning found fastest on this machine, kept beside the kernels.

A file is named after everything that the times depend on but the operations: the CPU and all sources
that kernels are made from. It is a cache: whatever is not as it was written is as good as not there.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from netdsl.backend.numba.cache import cache_folder
from netdsl.backend.numba.cpu import cpu

MOST_BYTES = 2**24
"""A larger file is none of ours."""


def tuned_path() -> Path:
    """Where the forms of this machine are."""
    return cache_folder() / f"forms_{_machine()}.json"


@cache
def _machine() -> str:
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    facts = (version("numba"), version("llvmlite"), *map(str, cpu()))
    digest.update("\n".join(facts).encode())
    return digest.hexdigest()[:20]


def load_tuned() -> dict[str, str]:
    """What is known of this machine, the names of forms by the keys of operations."""
    path = tuned_path()
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: form for key, form in found.items() if isinstance(form, str)}


def save_tuned(forms: Mapping[str, str]) -> str:
    """Add to what is known; why nothing could be kept, or an empty text.

    Readers see the old file or the new one. Of two processes that write at once one may lose what it
    measured, and measures it again.
    """
    path = tuned_path()
    text = json.dumps({**load_tuned(), **forms}, indent=1, sort_keys=True) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, suffix=".tmp", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
        os.replace(file.name, path)
    except OSError as error:
        return f"{path.parent}: {error.strerror or error}"
    return ""
