"""Reads tables of comma-separated numbers: one image a row, its label and its pixels.

The label stands in the column called ``label``, ``class``, ``target`` or ``y`` where the first line
names the columns, else in the first column.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from netdsl.data.arrays import RawPart, assemble
from netdsl.data.dataset import TRAIN, Dataset, empty_data
from netdsl.data.memory import require_memory
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.quantities import Volume

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
        with path.open(encoding="utf-8-sig") as stream:
            first = stream.readline()
        columns = [column.strip().strip('"').lower() for column in first.split(",")]
        named = bool(first.strip()) and not all(_is_number(column) for column in columns)
        lines = first.strip() and np.loadtxt(
            path, np.float64, delimiter=",", skiprows=int(named), ndmin=2, encoding="utf-8-sig", comments=None
        )
    except OSError as error:
        raise Diagnosed(_no_table(path, error.strerror or str(error))) from error
    except (ValueError, UnicodeError) as error:
        raise Diagnosed(_no_table(path, str(error).splitlines()[0][:200])) from error
    if isinstance(lines, str) or not lines.size:
        raise empty_data(str(path), "the table is empty")
    if lines.shape[1] < 2:
        raise Diagnosed(_no_table(path, "it has one column, and a label and pixels need at least two"))
    label = next((columns.index(name) for name in _LABEL_COLUMNS if named and name in columns), 0)
    images = np.delete(lines, label, axis=1)
    if (images == np.rint(images)).all() and np.abs(images).max(initial=0) < 1 << 15:
        images = images.astype(np.int16)  # whole levels: assemble decides whether they fit a byte
    return assemble(str(path), [RawPart(images, lines[:, label], TRAIN)], volume)


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
