"""The networks in the folders that an editor shows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from netdsl.opening import content_of
from netdsl.source import Source, undressed

FILES = 2_000
"""Files that are read to find all uses of a block; and of how many bytes each."""

BYTES = 2**20

_LEFT_OUT = ("node_modules", "__pycache__")


def networks_below(folders: Sequence[str], seen: set[str], unsaved: Mapping[str, str]) -> Iterator[Source]:
    """The ``.net`` files below folders, but for those ``seen``; what cannot be read is passed over."""
    count = 0
    for folder in folders:
        for path, inner, files in os.walk(folder):
            inner[:] = sorted(one for one in inner if not one.startswith(".") and one not in _LEFT_OUT)
            for name in sorted(files):
                full = os.path.join(path, name)
                if not name.endswith(".net") or full in seen:
                    continue
                count += 1
                if count > FILES:
                    return
                source = _source(full, path, unsaved)
                if source is not None:
                    yield source


def _source(path: str, folder: str, unsaved: Mapping[str, str]) -> Source | None:
    try:
        text, text_format = undressed(content_of(path, BYTES).decode("utf-8"))
    except (OSError, ValueError):
        return None
    return Source(path, text, folder, text_format, unsaved)
