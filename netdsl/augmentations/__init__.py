"""Random changes of the training images: one file per augmentation."""

from __future__ import annotations

import sys
from functools import cache

from netdsl.augmentations.augmentation import Augmentation
from netdsl.recipe.component import found_in


@cache
def augmentations() -> dict[str, type[Augmentation]]:
    """Every augmentation of this package by name."""
    return found_in(sys.modules[__name__], Augmentation)  # type: ignore[type-abstract]
