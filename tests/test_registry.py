"""The registry reads names off the files' text: they are those of the classes."""

from __future__ import annotations

import importlib
import pkgutil

import netdsl.layers
from netdsl.layers.layer import Layer
from netdsl.layers.registry import all_kinds, kinds, modules_by_name


def test_names_are_those_of_the_classes() -> None:
    found = {}
    for info in pkgutil.iter_modules(netdsl.layers.__path__):
        module = importlib.import_module(f"netdsl.layers.{info.name}")
        classes = [value for value in vars(module).values() if isinstance(value, type)]
        for value in classes:
            own = issubclass(value, Layer) and value.__module__ == module.__name__
            known = own and "keyword" in value.__dict__ and value.keyword in modules_by_name()
            for name in (value.keyword, *value.spellings) if known else ():
                assert name not in found, name
                found[name] = value
    assert kinds() == found
    assert len(all_kinds()) == len(set(modules_by_name().values()))


def test_names_are_capitals() -> None:
    assert all(name == name.upper() for name in modules_by_name())
