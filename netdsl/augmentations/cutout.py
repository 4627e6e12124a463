"""cutout: squares of images are hidden."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from netdsl.augmentations.augmentation import Augmentation, Change, Draws, Pictures
from netdsl.layers.option import count
from netdsl.quantities import Volume


class Cutout(Augmentation):
    """Squares of the image are hidden: they show the mean of the training images.

    Computes
        0 for the network. The centres of the squares lie anywhere in the image, so that some squares are
        cut off by its edge.

    Reference
        DeVries, Taylor, 2017, "Improved Regularization of Convolutional Neural Networks with Cutout",
        section 3; 16 pixels for CIFAR-10.
    """

    name: ClassVar[str] = "cutout"

    size = count("side of a square", positional=True, maximum=4096, unit="pixels")
    holes = count("how many squares", default=1, maximum=100)

    def unfit(self, volume: Volume) -> Iterator[tuple[str, str]]:
        yield from super().unfit(volume)
        side = min((side for side in volume.size if side > 1), default=self.size + 1)
        if side <= self.size:
            yield (
                f"`cutout {self.size}` may hide all of an image of {volume.height}x{volume.width}",
                f"use squares of half the side or less, such as `cutout {max(1, side // 2)}`",
            )

    def change(self, draws: Draws, pictures: Pictures) -> Change:
        import numpy as np

        sides = np.array([pictures.height, pictures.width])
        centres = np.floor(draws.uniform(0, 1, self.holes, 2) * sides)
        first = centres - self.size // 2
        ends = np.concatenate([np.maximum(first, 0), np.minimum(first + self.size, sides)], axis=2)
        return Change(holes=ends.astype(np.int64))
