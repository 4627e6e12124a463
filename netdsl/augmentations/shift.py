"""shift: images are moved by a share of their sides."""

from __future__ import annotations

from typing import ClassVar

from netdsl.augmentations.augmentation import Augmentation, Change, Draws, Pictures, border_option, shifts
from netdsl.layers.option import real


class Shift(Augmentation):
    """A move by up to a share of the width and of the height, to whole pixels.

    Computes
        as `crop`, which says the same in pixels. Images of a single line are not moved across it.

    Reference
        `translate` of torchvision's RandomAffine.
    """

    name: ClassVar[str] = "shift"

    amount = real("largest move as a share of the side", positional=True, minimum=0.0, above=True, maximum=1)
    border = border_option()

    def change(self, draws: Draws, pictures: Pictures) -> Change:
        import numpy as np

        sides = np.array([side if side > 1 else 0 for side in (pictures.width, pictures.height)])
        moves = np.rint(draws.uniform(-self.amount, self.amount, 2) * sides)
        return Change(maps=shifts(-moves[:, 0], -moves[:, 1]))
