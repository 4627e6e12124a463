"""What training makes small: one file per loss."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from netdsl.losses.loss import Loss


@cache
def losses() -> dict[str, Loss]:
    """Every loss of this package by name."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        for value in vars(loaded).values():
            if isinstance(value, type) and issubclass(value, Loss) and value is not Loss:
                found[value.name] = value()
    return found
