"""slide: pictures move to the right."""

from __future__ import annotations

from typing import ClassVar

from netdsl.augmentations.augmentation import Augmentation, Change, Draws, Pictures, shifts
from netdsl.layers.option import real


class Slide(Augmentation):
    """The picture moves to the right.

    Computes
        a shift by up to a share of the width.

    Reference
        `translate` of torchvision's RandomAffine, to one side.
    """

    name: ClassVar[str] = "slide"

    share = real("share of the width", positional=True, minimum=0.0, above=True, maximum=1.0)

    def change(self, draws: Draws, pictures: Pictures) -> Change:
        across = draws.uniform(0, self.share) * pictures.width
        return Change(maps=shifts(across, 0 * across))
