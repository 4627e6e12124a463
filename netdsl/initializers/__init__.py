"""The numbers that weights start from: one file per rule."""

from __future__ import annotations

import sys
from functools import cache

from netdsl.initializers.initializer import Initializer
from netdsl.recipe.component import found_in


@cache
def initializer_kinds() -> dict[str, type[Initializer]]:
    """Every rule of this package by name."""
    return found_in(sys.modules[__name__], Initializer)  # type: ignore[type-abstract]


def initializers() -> dict[str, Initializer]:
    """Every rule with its default options, by name."""
    return {name: kind() for name, kind in initializer_kinds().items()}
