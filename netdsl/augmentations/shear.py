"""shear: images lean to the left and to the right."""

from __future__ import annotations

import math
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


class Shear(Augmentation):
    """Upright lines lean by an angle drawn evenly from -degrees to degrees.

    Computes
        rows are moved against each other, by bilinear interpolation; the row in the middle stays.

    Reference
        `shear` of torchvision's RandomAffine.
    """

    name: ClassVar[str] = "shear"
    needs_area: ClassVar[bool] = True

    degrees = real("largest angle", positional=True, minimum=0.0, above=True, maximum=80.0, unit="degrees")
    border = border_option()

    def change(self, draws: Draws, pictures: Pictures) -> Change:
        import numpy as np

        angles = np.radians(draws.uniform(-self.degrees, self.degrees)).tolist()
        matrices = np.zeros((draws.images, 2, 2))
        matrices[:, 0, 0] = matrices[:, 1, 1] = 1
        matrices[:, 0, 1] = [math.tan(angle) for angle in angles]
        return Change(maps=about_centre(pictures, matrices))
