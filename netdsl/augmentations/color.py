"""color: brightness, contrast, saturation and hue of pictures change."""

from __future__ import annotations

from typing import ClassVar

from netdsl.augmentations.augmentation import Augmentation
from netdsl.layers.option import real


class Color(Augmentation):
    """Brightness, contrast and saturation change by a share of up to ``amount``."""

    name: ClassVar[str] = "color"
    spellings: ClassVar[tuple[str, ...]] = ("colour",)

    amount = real("largest share of the change", positional=True, minimum=0.0, above=True, maximum=1.0)
