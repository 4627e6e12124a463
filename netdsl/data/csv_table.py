"""Reads tables of comma-separated numbers: one image a row, its label and its pixels.

The label stands in the column called ``label``, ``class``, ``target`` or ``y`` where the first line
names the columns, else in the first column.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netdsl.data.arrays import RawPart, assemble
from netdsl.data.dataset import TRAIN, Dataset, empty_data
from netdsl.data.memory import require_memory
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LABEL_COLUMNS = ("label", "labels", "class", "target", "y")


def recognises(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def read(path: Path, volume: Volume) -> Dataset:
    """The table as a data set scaled to ``volume``.

    Raises Diagnosed: ND640 no table of numbers, and what ``assemble`` raises.
    """
    try:
        size = path.stat().st_size
        require_memory(size * 4, str(path), "the table", "store it as .npz, which is far smaller")
        columns, lines = _read(path)
    except OSError as error:
        raise Diagnosed(_no_table(path, error.strerror or str(error))) from error
    except (ValueError, UnicodeError) as error:
        raise Diagnosed(_no_table(path, str(error).splitlines()[0][:200])) from error
    if not lines.size:
        raise empty_data(str(path), "the table is empty")
    if lines.shape[1] < 2:
        raise Diagnosed(_no_table(path, "it has one column, and a label and pixels need at least two"))
    label = next((columns.index(name) for name in _LABEL_COLUMNS if name in columns), 0)
    images = np.delete(lines, label, axis=1)
    if (images == np.rint(images)).all() and np.abs(images).max(initial=0) < 1 << 15:
        images = images.astype(np.int16)  # whole levels: assemble decides whether they fit a byte
    return assemble(str(path), [RawPart(images, lines[:, label], TRAIN)], volume)


def _read(path: Path) -> tuple[list[str], NDArray[np.float64]]:
    """The names of the columns, empty where the first line has none, and the numbers, (rows, columns)."""
    # An open file, because loadtxt unpacks and even downloads what a name asks for.
    with path.open(encoding="utf-8-sig") as stream, warnings.catch_warnings():
        first = stream.readline()
        columns = [column.strip().strip('"').lower() for column in first.split(",")]
        if all(_is_number(column) for column in columns):
            columns = []
            stream.seek(0)
        warnings.simplefilter("ignore")  # an empty table has its own finding
        return columns, np.loadtxt(stream, np.float64, delimiter=",", ndmin=2, comments=None)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _no_table(path: Path, why: str) -> Diagnostic:
    return file_error(
        "ND640",
        str(path),
        f"this is no table of numbers: {why}",
        "each line holds a label and the pixels of one image, separated by commas",
    )
