"""How gradients change parameters: one file per optimizer."""

from __future__ import annotations

import sys
from functools import cache

from netdsl.optimizers.optimizer import Optimizer
from netdsl.recipe.component import found_in


@cache
def optimizers() -> dict[str, type[Optimizer]]:
    """Every optimizer of this package by name."""
    return found_in(sys.modules[__name__], Optimizer)  # type: ignore[type-abstract]
