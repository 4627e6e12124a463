"""crop: pictures are moved by a few pixels."""

from __future__ import annotations

from typing import ClassVar

from netdsl.augmentations.augmentation import Augmentation
from netdsl.layers.option import count


class Crop(Augmentation):
    """A window of the picture's own size, taken from the picture with a border around it."""

    name: ClassVar[str] = "crop"

    pixels = count("width of the border on each side", positional=True, maximum=4096, unit="pixels")
