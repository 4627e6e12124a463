"""flip: pictures are mirrored."""

from __future__ import annotations

from typing import ClassVar

from netdsl.augmentations.augmentation import Augmentation


class Flip(Augmentation):
    """Half of the pictures, chosen at random, have left and right exchanged."""

    name: ClassVar[str] = "flip"
