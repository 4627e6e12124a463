"""Where an image of a data set comes from: what people look at when a network has mistaken it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from netdsl.data.dataset import PART_NAMES, TRAIN, Dataset


class Origin(NamedTuple):
    """``image`` counts from 0 as in the arrays of the data, or of the ``part`` where the data has parts of
    its own. ``file`` is the picture, ``line`` the line of a table; None where it is neither."""

    image: int
    part: str | None
    file: str | None
    line: int | None

    def __str__(self) -> str:
        if self.file is not None:
            return self.file
        if self.line is not None:
            return f"line {self.line}"
        return f"image {self.image}" + (f" of the {self.part} part" if self.part else "")


def origin_of(dataset: Dataset, number: int) -> Origin:
    """Where the image of this number in the data set comes from."""
    parts = dataset.parts
    divided = bool((parts != TRAIN).any())
    return Origin(
        int(np.count_nonzero(parts[:number] == parts[number])) if divided else number,
        PART_NAMES[parts[number]] if divided else None,
        dataset.files[number] if dataset.files else None,
        int(dataset.lines[number]) if dataset.lines else None,
    )
