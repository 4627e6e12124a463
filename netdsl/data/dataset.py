"""Labelled images in memory, all of one size: what every reader gives."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from netdsl.diagnostics import Diagnosed, Diagnostic, file_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TRAIN, VALIDATION, TEST = 0, 1, 2
"""The parts of a data set, as numbers."""

PART_WORDS = {
    "train": TRAIN,
    "training": TRAIN,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "test": TEST,
    "testing": TEST,
}
"""What folders, files and columns call the parts, whatever their format adds."""

PART_NAMES = ("train", "validation", "test")


class Dataset(NamedTuple):
    """Images with their classes.

    ``pixels``: (images, height, width, channels) of the network's input, either uint8 or float32.
    ``labels``: (images,) int64, an index into ``classes``, which are names.
    ``parts``: (images,) uint8, the part that the data itself assigns each image to; all TRAIN
    where it assigns none.
    ``white``: the value of white where the form of the data says so, and black is 0; None where only
    the values tell. ``planes``: whether colours stand one after the other in rows of numbers that the
    network takes as they are. ``reading``: how the data was taken where that could be taken otherwise.
    ``findings``: warnings about what was left out. ``files`` and ``lines`` say about each image which file or
    which line of the table it is, where it is one. ``label_texts`` are the classes as the data itself calls
    them, where ``classes`` are names for those.
    """

    name: str
    pixels: NDArray[Any]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    parts: NDArray[np.uint8]
    white: float | None = None
    planes: bool = False
    reading: tuple[str, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    files: Sequence[str] = ()
    lines: Sequence[int] = ()
    label_texts: tuple[str, ...] = ()

    @property
    def images(self) -> int:
        """How many there are."""
        return len(self.labels)

    @property
    def own_classes(self) -> tuple[str, ...]:
        """The classes as the data itself calls them."""
        return self.label_texts or self.classes

    def digest(self) -> str:
        """SHA-256 of images, labels, classes and parts: equal data have equal digests."""
        total = hashlib.sha256(repr((self.pixels.shape, self.pixels.dtype.str, self.own_classes)).encode())
        for array in (self.pixels, self.labels, self.parts):
            total.update(np.ascontiguousarray(array).data)
        return total.hexdigest()


def check_classes(name: str, classes: Sequence[str]) -> None:
    """Refuse data in which there is nothing to tell apart."""
    if len(classes) < 2:
        only = f" (`{classes[0]}`)" if classes else ""
        raise Diagnosed(
            file_error(
                "ND503",
                name,
                f"classification takes at least two classes, but the data has {len(classes)}{only}",
                "add images of another class",
            )
        )
    check_names(name, classes)


def check_names(name: str, classes: Sequence[str]) -> None:
    """Refuse classes that cannot be told apart when they are written."""
    double = [text for text, times in Counter(classes).items() if times > 1]
    if double:
        raise Diagnosed(
            file_error("ND526", name, f"two classes are written `{double[0]}`", "rename one of them")
        )


def empty_data(name: str, what: str) -> Diagnosed:
    """The finding for data that holds no image."""
    return Diagnosed(file_error("ND502", name, what, "use data with at least a few images per class"))
