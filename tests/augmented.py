"""Pictures to augment, for several tests."""

from __future__ import annotations

import numpy as np

from netdsl.augmentations.augmentation import Augmentation
from netdsl.backend.pixel_changes import Changes
from netdsl.backend.session import Images
from netdsl.recipe.entries import entries
from netdsl.recipe.stored import entry_from_text
from netdsl.training.augmenting import augmenting

COUNT = 50

ONE_BY_ONE = (
    "flip", "flip vertical", "flip horizontal vertical", "crop 2", "rotate 30", "rotate 170 border edge",
    "scale 0.3 to 2 border reflect", "shear 40", "shift 0.5 border reflect", "distort 0.3",
    "distort 0.1 smoothness 0.4, rotate 10 border edge", "color 0.4", "color contrast 0.8",
    "cutout 2 holes 2", "mixup 0.7",
)  # fmt: skip
COLOURED = ("color hue 0.5", "color 0.4 hue 0.4 cast 0.2", "color saturation 1")
ALL = (
    "flip, crop 2, rotate 10, scale 0.8, shear 10, shift 0.1 border reflect, distort 0.1, "
    "color 0.3 hue 0.1 cast 0.1, cutout 2, mixup 1"
)


def augmentation(text: str) -> tuple[Augmentation, ...]:
    """What an `augment` entry says."""
    found: tuple[Augmentation, ...] = entry_from_text(entries()["augment"], text)
    return found


def pictures(volume: tuple[int, int, int], kind: str = "uint8") -> Images:
    """Noise, from 0 to 255."""
    generator = np.random.default_rng(4)
    pixels = generator.integers(0, 256, size=(COUNT, *volume)).astype(kind)
    scale, shift = (generator.normal(size=volume).astype(np.float32) for _ in range(2))
    labels = generator.integers(0, 3, size=COUNT)
    return Images(pixels, labels, scale, shift, np.eye(3, 4, dtype=np.float32), 0.0, 255.0)


def changes(text: str, images: Images, chosen: list[int], epoch: int = 1, seed: int = 1) -> Changes:
    """What augmentation does to the images of some numbers."""
    made = augmenting(augmentation(text), images, np.arange(COUNT), seed)
    return made.changes(epoch, np.array(chosen, np.int64))
