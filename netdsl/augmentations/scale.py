"""scale: images are enlarged and reduced."""

from __future__ import annotations

from typing import ClassVar

from netdsl.augmentations.augmentation import (
    Augmentation,
    Change,
    Draws,
    Pictures,
    about_centre,
    border_option,
)
from netdsl.layers.option import real


class Scale(Augmentation):
    """Images grow about their centre by a factor drawn evenly from one number to the other.

    Computes
        pixels between those of the image by bilinear interpolation. The image keeps its size: what is
        enlarged is cut off, what is reduced gets a border.

    Reference
        `scale` of torchvision's RandomAffine.
    """

    name: ClassVar[str] = "scale"
    needs_area: ClassVar[bool] = True

    low = real("one end of the range; 1 keeps the size", positional=True, minimum=0.1, maximum=10)
    high = real(
        "the other end; 1/low by default",
        words=("to",),
        positional=True,
        derived=True,
        minimum=0.1,
        maximum=10,
    )
    border = border_option()

    def change(self, draws: Draws, pictures: Pictures) -> Change:
        import numpy as np

        low, high = sorted((self.low, 1 / self.low if self.high is None else self.high))
        matrices = np.zeros((draws.images, 2, 2))
        matrices[:, 0, 0] = matrices[:, 1, 1] = 1 / draws.uniform(low, high)
        return Change(maps=about_centre(pictures, matrices))
