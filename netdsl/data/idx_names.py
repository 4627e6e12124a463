"""Which IDX files of a folder belong together, by the many spellings of MNIST's names.

``train-images-idx3-ubyte``, ``train-images.idx3-ubyte.gz``, ``emnist-letters-test-labels-idx1-ubyte``,
and archives that were unpacked into folders of the same name as the file in them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from netdsl.data.dataset import PART_WORDS, TEST

_PARTS = {**PART_WORDS, "t10k": TEST}
_KINDS = {"images": "images", "image": "images", "labels": "labels", "label": "labels"}


class Name(NamedTuple):
    """What the name of a file says: ``subject`` is what is left of it, such as ``emnist-letters``."""

    subject: str
    part: int | None
    kind: str


def name_of(path: Path) -> Name | None:
    """What a file's name says; None where it is not one of IDX files with images or labels."""
    words = [word for word in re.split(r"[\W_]+", path.name.lower()) if word]
    kinds = [_KINDS[word] for word in words if word in _KINDS]
    if not kinds or not any(_is_mark(word) for word in words):
        return None
    parts = [_PARTS[word] for word in words if word in _PARTS]
    rest = [word for word in words if word not in _PARTS and word not in _KINDS and not _is_mark(word)]
    return Name("-".join(word for word in rest if word != "gz"), parts[-1] if parts else None, kinds[-1])


def _is_mark(word: str) -> bool:
    return word.startswith("idx") or word == "ubyte"


def files_of(folder: Path) -> dict[Name, Path]:
    """The IDX files in a folder and in those folders within it that are called like one."""
    found: dict[Name, Path] = {}
    for entry in sorted(folder.iterdir()):
        name = name_of(entry)
        if name is None or entry.name.startswith("."):
            continue
        for file in sorted(entry.iterdir()) if entry.is_dir() else [entry]:
            inner = name_of(file) or name
            if not file.is_dir() and not file.name.startswith("."):
                found.setdefault(inner, file)
    return found
