"""How the learning rate changes over a run: one file per schedule."""

from __future__ import annotations

import sys
from functools import cache

from netdsl.recipe.component import found_in
from netdsl.schedules.schedule import Schedule


@cache
def schedules() -> dict[str, type[Schedule]]:
    """Every schedule of this package by name."""
    return found_in(sys.modules[__name__], Schedule)  # type: ignore[type-abstract]
