"""flip: images are mirrored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from netdsl.augmentations.augmentation import Augmentation, Change, Draws, Pictures
from netdsl.layers.option import flag
from netdsl.quantities import Volume


class Flip(Augmentation):
    """Half of the images, chosen at random, have left and right swapped.

    Computes
        with `vertical`, top and bottom are swapped instead; with both words both are, each in a half
        of its own.

    Reference
        RandomHorizontalFlip and RandomVerticalFlip of torchvision.
    """

    name: ClassVar[str] = "flip"

    horizontal = flag("swaps left and right, the default", default=False)
    vertical = flag("swaps top and bottom", default=False)

    def unfit(self, volume: Volume) -> Iterator[tuple[str, str]]:
        yield from super().unfit(volume)
        for name, wanted, length in (
            ("flip", self.horizontal or not self.vertical, volume.width),
            ("flip vertical", self.vertical, volume.height),
        ):
            if wanted and length == 1 and volume.size != (1, 1):
                yield (
                    f"`{name}` changes nothing in images of {volume.height}x{volume.width} pixels",
                    "`flip` swaps left and right, `flip vertical` top and bottom",
                )

    def change(self, draws: Draws, pictures: Pictures) -> Change:
        import numpy as np

        maps = np.zeros((draws.images, 2, 3))
        for axis, length, wanted in (
            (0, pictures.width, self.horizontal or not self.vertical),
            (1, pictures.height, self.vertical),
        ):
            turned = (draws.uniform(0, 1) < 0.5) & wanted
            maps[:, axis, axis] = np.where(turned, -1, 1)
            maps[:, axis, 2] = np.where(turned, length - 1, 0)
        return Change(maps=maps)
