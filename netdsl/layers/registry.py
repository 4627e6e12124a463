"""Finds the layer kinds: every file of this package that defines one, by its names.

Adding a layer is adding a file; nothing here or elsewhere lists them.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import netdsl.layers
from netdsl.layers.layer import Layer


@cache
def kinds() -> dict[str, type[Layer]]:
    """Every name in capitals, canonical ones first within a kind, to its class."""
    found: dict[str, type[Layer]] = {}
    for module in sorted(pkgutil.iter_modules(netdsl.layers.__path__), key=lambda info: info.name):
        loaded = importlib.import_module(f"netdsl.layers.{module.name}")
        for value in list(vars(loaded).values()):
            if not isinstance(value, type) or not issubclass(value, Layer):
                continue
            if value.__module__ != loaded.__name__ or "keyword" not in value.__dict__:
                continue
            for name in (value.keyword, *value.spellings):
                if found.setdefault(name, value) is not value:
                    raise TypeError(f"{name} names both {found[name].__name__} and {value.__name__}")
    return found


def all_kinds() -> list[type[Layer]]:
    """Each layer class once, in order of canonical name."""
    return sorted(set(kinds().values()), key=lambda kind: kind.keyword)


def kind_named(name: str) -> type[Layer] | None:
    """The class that a name means; case, underscores and runs of blanks do not matter."""
    return kinds().get(" ".join(name.replace("_", " ").upper().split()))
