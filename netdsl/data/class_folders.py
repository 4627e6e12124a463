"""Reads a folder of class folders: ``FOLDER/cat/1.png``, ``FOLDER/dog/1.jpg``.

``folder_layout`` says which folders are classes, and which are parts of the data.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.data.available_memory import Allowance, require_memory
from netdsl.data.dataset import Dataset, check_classes, empty_data
from netdsl.data.folder_layout import Layout, Picture, layout_of
from netdsl.data.pictures import DEEP_WHITE, SUFFIXES, fitted_picture
from netdsl.data.scaling import fitted_bytes
from netdsl.diagnostics import Diagnosed, Diagnostic
from netdsl.opening import writable
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_FINDINGS = 20
"""Damaged pictures shown of one folder."""


def recognises(path: Path) -> bool:
    return path.is_dir()


def read(path: Path, volume: Volume) -> Dataset:
    """Every picture of every class folder, scaled to ``volume``; classes in order of their names.

    Bytes, unless a picture has 16 bits: then all are float32, from 0 to 65535. Raises Diagnosed: ND502
    no pictures, ND503 one class, ND508 pictures that cannot become the input, ND511 too large for
    memory, and ND610, ND611 and ND632 for each picture that cannot be read.
    """
    layout = layout_of(path)
    if not layout.pictures:
        raise _no_pictures(path, layout)
    labels = sorted({picture.label for picture in layout.pictures})
    classes = tuple(writable(label) for label in labels)
    check_classes(str(path), classes)
    pixels = _decoded(path, layout.pictures, volume, np.dtype(np.uint8))
    if pixels is None:
        pixels = _decoded(path, layout.pictures, volume, np.dtype(np.float32))
        assert pixels is not None
    deep = pixels.dtype != np.uint8
    numbers = {name: number for number, name in enumerate(labels)}
    reading = ["images of 16 bits, all are read as 0..65535"] if deep else []
    if layout.parts:
        reading.append(f"parts by folder: {', '.join(layout.parts)}")
    return Dataset(
        str(path),
        pixels,
        np.array([numbers[picture.label] for picture in layout.pictures], np.int64),
        classes,
        np.array([picture.part for picture in layout.pictures], np.uint8),
        white=float(DEEP_WHITE) if deep else None,
        reading=tuple(reading),
        findings=layout.findings,
        files=tuple(str(picture.path) for picture in layout.pictures),
    )


def _no_pictures(path: Path, layout: Layout) -> Diagnosed:
    """The finding for a folder without pictures in class folders, with what is in it instead."""
    entries = sorted(path.iterdir())
    if any(entry.suffix.lower() in SUFFIXES and not entry.name.startswith(".") for entry in entries):
        why = "the images are in no class folders: put each into a folder named after its class"
    else:
        why = f"found no images in class folders, as in {path.name or path}/cat/1.png"
        names = [entry.name for entry in entries if not entry.name.startswith(".")]
        if names:
            why += f"; it holds {', '.join(names[:5])}" + (f" and {len(names) - 5} more" if names[5:] else "")
        why += "".join(f"; {finding.message}" for finding in layout.findings[:2])
    return empty_data(str(path), why)


def _decoded(
    path: Path, pictures: list[Picture], volume: Volume, dtype: np.dtype[Any]
) -> NDArray[Any] | None:
    """All pictures, (images, *volume.shape) of ``dtype``; None where bytes would lose some of one."""
    from concurrent.futures import ThreadPoolExecutor  # takes time to load, and only folders need it

    require_memory(
        fitted_bytes(len(pictures), volume, dtype.itemsize),
        str(path),
        f"{len(pictures):,} images of {volume}",
        "use fewer images or a smaller input",
    )
    pixels = np.empty((len(pictures), *volume.shape), dtype)
    exact = dtype != np.uint8
    allowance = Allowance()
    found_deep: list[int] = []

    def one(number: int) -> tuple[Diagnostic, ...]:
        if found_deep:
            return ()
        try:
            fitted = fitted_picture(pictures[number].path, volume, exact=exact, allowance=allowance)
        except Diagnosed as error:
            return error.diagnostics
        if exact:
            np.multiply(fitted.pixels, np.float32(DEEP_WHITE / fitted.white), out=pixels[number])
        elif fitted.pixels.dtype != np.uint8:
            found_deep.append(number)
        else:
            pixels[number] = fitted.pixels
        return ()

    # Pillow decompresses outside the interpreter lock, so threads help.
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        findings = [finding for found in pool.map(one, range(len(pictures))) for finding in found]
    if findings and not found_deep:
        raise Diagnosed(*findings[:_MOST_FINDINGS])
    return None if found_deep else pixels
