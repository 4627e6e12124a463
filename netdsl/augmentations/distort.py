"""distort: pictures are bent elastically."""

from __future__ import annotations

from typing import ClassVar

from netdsl.augmentations.augmentation import Augmentation
from netdsl.layers.option import real


class Distort(Augmentation):
    """A smooth random displacement of the pixels."""

    name: ClassVar[str] = "distort"

    amount = real("strength", positional=True, minimum=0.0, above=True, maximum=1.0)
