"""Reads a folder of class folders: ``FOLDER/cat/1.png``, ``FOLDER/dog/1.jpg``.

Folders called ``train`` and ``test`` (and perhaps ``validation`` or ``val``) that hold the class
folders make the data's own parts.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from netdsl.data.dataset import TEST, TRAIN, VALIDATION, Dataset, check_classes, empty_data
from netdsl.data.memory import require_memory
from netdsl.data.pictures import SUFFIXES, read_picture
from netdsl.data.scaling import check_convertible, fit, fitted_bytes
from netdsl.diagnostics import Diagnosed, Diagnostic
from netdsl.quantities import Volume

_PART_FOLDERS = {
    "train": TRAIN,
    "validation": VALIDATION,
    "val": VALIDATION,
    "valid": VALIDATION,
    "test": TEST,
}
_MOST_FINDINGS = 20
"""Damaged pictures shown of one folder."""


class _Picture(NamedTuple):
    path: Path
    label: str
    part: int


def recognises(path: Path) -> bool:
    return path.is_dir()


def read(path: Path, volume: Volume) -> Dataset:
    """Every picture of every class folder, scaled to ``volume``; classes in order of their names.

    Raises Diagnosed: ND502 no pictures, ND503 one class, ND508 pictures that cannot become the
    input, ND511 too large for memory, ND610 and ND611 for each picture that cannot be read.
    """
    pictures = _pictures(path)
    if not pictures:
        direct = any(_is_picture(entry) for entry in path.iterdir())
        raise empty_data(
            str(path),
            "the pictures lie beside each other; their classes are the names of the folders they lie in"
            if direct
            else f"found no pictures in class folders, as in {path.name or path}/cat/1.png",
        )
    classes = tuple(sorted({picture.label for picture in pictures}))
    check_classes(str(path), classes)
    require_memory(
        fitted_bytes(len(pictures), volume, 1),
        str(path),
        f"{len(pictures):,} images of {volume}",
        "use fewer images or a smaller input",
    )
    pixels = np.empty((len(pictures), *volume.shape), np.uint8)
    findings = _decode(pictures, pixels, volume)
    if findings:
        raise Diagnosed(*findings[:_MOST_FINDINGS])
    numbers = {name: number for number, name in enumerate(classes)}
    return Dataset(
        str(path),
        pixels,
        np.array([numbers[picture.label] for picture in pictures], np.int64),
        classes,
        np.array([picture.part for picture in pictures], np.uint8),
    )


def _is_picture(entry: Path) -> bool:
    return entry.suffix.lower() in SUFFIXES and not entry.name.startswith(".")


def _subfolders(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _pictures(path: Path) -> list[_Picture]:
    """All pictures in order of part, class and name, so that the order is the same everywhere."""
    below = _subfolders(path)
    if {"train", "test"} <= {entry.name for entry in below}:
        roots = [(entry, _PART_FOLDERS[entry.name]) for entry in below if entry.name in _PART_FOLDERS]
    else:
        roots = [(path, TRAIN)]
    return [
        _Picture(entry, folder.name, part)
        for root, part in sorted(roots, key=lambda pair: pair[1])
        for folder in _subfolders(root)
        for entry in sorted(folder.iterdir())
        if _is_picture(entry)
    ]


def _decode(
    pictures: list[_Picture], pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], volume: Volume
) -> list[Diagnostic]:
    """Fill ``pixels`` (images, *volume.shape); the findings of pictures that could not be read."""
    from concurrent.futures import ThreadPoolExecutor  # takes time to load, and only folders need it

    def one(number: int) -> tuple[Diagnostic, ...]:
        try:
            levels = read_picture(pictures[number].path)
            check_convertible(str(pictures[number].path), Volume(*levels.shape), volume)
            pixels[number] = fit(levels[None], volume)[0]
        except Diagnosed as error:
            return error.diagnostics
        return ()

    # Pillow decompresses outside the interpreter lock, so threads help.
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return [finding for found in pool.map(one, range(len(pictures))) for finding in found]
