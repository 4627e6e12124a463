"""rotate: pictures are turned about their centre."""

from __future__ import annotations

from typing import ClassVar

from netdsl.augmentations.augmentation import Augmentation
from netdsl.layers.option import real


class Rotate(Augmentation):
    """A turn by an angle drawn evenly from -degrees to degrees."""

    name: ClassVar[str] = "rotate"

    degrees = real("largest angle", positional=True, minimum=0.0, maximum=180.0, unit="degrees")
