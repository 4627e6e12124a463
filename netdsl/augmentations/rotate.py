"""rotate: images are turned about their centre."""

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


class Rotate(Augmentation):
    """A turn about the centre by an angle drawn evenly from -degrees to degrees.

    Computes
        pixels between those of the image by bilinear interpolation.

    Reference
        torchvision's RandomRotation with InterpolationMode.BILINEAR.
    """

    name: ClassVar[str] = "rotate"
    needs_area: ClassVar[bool] = True

    degrees = real("largest angle", positional=True, minimum=0.0, above=True, maximum=180.0, unit="degrees")
    border = border_option()

    def change(self, draws: Draws, pictures: Pictures) -> Change:
        import numpy as np

        angles = np.radians(draws.uniform(-self.degrees, self.degrees)).tolist()
        # One by one: NumPy's vectors may round an angle otherwise than its last few.
        cosines, sines = [math.cos(angle) for angle in angles], [math.sin(angle) for angle in angles]
        matrices = np.empty((draws.images, 2, 2))
        matrices[:, 0, 0] = matrices[:, 1, 1] = cosines
        matrices[:, 1, 0] = sines
        matrices[:, 0, 1] = -matrices[:, 1, 0]
        return Change(maps=about_centre(pictures, matrices))
