"""The numbers that weights start from: one file per rule."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from netdsl.initializers.initializer import Initializer


@cache
def initializers() -> dict[str, Initializer]:
    """Every rule of this package by name."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        for value in vars(loaded).values():
            if isinstance(value, type) and issubclass(value, Initializer) and value is not Initializer:
                found[value.name] = value()
    return dict(sorted(found.items()))
