"""crop: images are moved by a few pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from netdsl.augmentations.augmentation import Augmentation, Change, Draws, Pictures, border_option, shifts
from netdsl.layers.option import count
from netdsl.quantities import Volume


class Crop(Augmentation):
    """A window of the image's own size, taken from the image with a border around it.

    Computes
        all (2*pixels + 1)^2 places of the window are equally likely. Images of a single line are not
        moved across it.

    Reference
        He, Zhang, Ren, Sun, 2016, "Deep Residual Learning for Image Recognition", section 4.2, with 4
        pixels; RandomCrop of torchvision with its `padding`.
    """

    name: ClassVar[str] = "crop"

    pixels = count("width of the border on each side", positional=True, maximum=4096, unit="pixels")
    border = border_option()

    def unfit(self, volume: Volume) -> Iterator[tuple[str, str]]:
        yield from super().unfit(volume)
        sides = [side for side in volume.size if side > 1]
        if sides and min(sides) <= self.pixels:
            yield (
                f"`crop {self.pixels}` may move images of {volume.height}x{volume.width} out of sight",
                "32x32 images are usually moved by up to 4 pixels, others in proportion",
            )

    def change(self, draws: Draws, pictures: Pictures) -> Change:
        import numpy as np

        moves = np.floor(draws.uniform(0, 2 * self.pixels + 1, 2)) - self.pixels
        moves *= (pictures.width > 1, pictures.height > 1)
        return Change(maps=shifts(moves[:, 0], moves[:, 1]))
