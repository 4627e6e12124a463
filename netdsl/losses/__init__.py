"""What training minimises: one file per loss."""

from __future__ import annotations

import sys
from functools import cache

from netdsl.losses.loss import Loss
from netdsl.recipe.component import found_in


@cache
def loss_kinds() -> dict[str, type[Loss]]:
    """Every loss of this package by name."""
    return found_in(sys.modules[__name__], Loss)  # type: ignore[type-abstract]


def losses() -> dict[str, Loss]:
    """Every loss with its default options, by name."""
    return {name: kind() for name, kind in loss_kinds().items()}
