"""Recipes as JSON, in checkpoints and for people. What is read may come from a stranger."""

from __future__ import annotations

from typing import Any

from netdsl.quantities import PRECISIONS
from netdsl.recipe.entries import LONGEST_NAME, Entry, entries
from netdsl.recipe.line import LARGEST_COUNT, EntryError, Line
from netdsl.recipe.recipe import Recipe
from netdsl.source import Span
from netdsl.syntax import tree

_LONGEST_TEXT = 4096
_SGD = ("rate", "momentum", "decay")
"""Settings that runs of earlier versions name beside an optimizer that is always sgd."""


def recipe_as_json(recipe: Recipe) -> dict[str, Any]:
    """Every entry as a recipe writes it; numbers as numbers. Entries that do nothing are left out."""
    found: dict[str, Any] = {}
    for name, entry in entries().items():
        value = getattr(recipe, name)
        if entry.plain:
            found[name] = value
        elif text := entry.text(value):
            found[name] = text
    return found | {"exact": recipe.exact, "precision": recipe.precision}


def recipe_from_json(values: object) -> Recipe:
    """The recipe that ``recipe_as_json`` gave. Raises TypeError or ValueError for anything else."""
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise TypeError("a recipe is settings by name")
    values = _with_optimizer(values)
    names = {*entries(), "exact", "precision"}
    if unknown := sorted(set(values) - names):
        raise TypeError(f"a recipe has no setting {unknown[0][:40]!r}")
    missing = [name for name, entry in entries().items() if entry.default_text and name not in values]
    missing = [name for name in missing if name not in _ADDED]
    if missing:
        raise TypeError(f"a recipe needs the setting {missing[0]!r}")
    found: dict[str, Any] = {}
    for name, value in values.items():
        found[name] = _read(entries()[name], value) if name in entries() else _flag(name, value)
    return Recipe(**found)


_ADDED = frozenset(("schedule", "optimizer"))
"""Entries that runs of earlier versions do not name; they had the default."""


def _with_optimizer(values: dict[str, Any]) -> dict[str, Any]:
    """The settings of an earlier version, whose biases decayed, in today's."""
    if "optimizer" in values or not all(name in values for name in _SGD):
        return values
    numbers = [values[name] for name in _SGD]
    if not all(type(number) is float for number in numbers):
        raise TypeError("rate, momentum and decay are numbers")
    written = " ".join(f"{name} {number!r}" for name, number in zip(_SGD, numbers, strict=True))
    rest = {name: value for name, value in values.items() if name not in _SGD}
    return {**rest, "optimizer": f"sgd {written}{' all' if values['decay'] else ''}"}


def _flag(name: str, value: object) -> object:
    if name == "exact" and not isinstance(value, bool):
        raise TypeError("exact is true or false")
    if name == "precision" and value not in PRECISIONS:
        raise ValueError(f"precision is one of {', '.join(PRECISIONS)}")
    return value


def _read(entry: Entry, value: object) -> Any:
    if entry.plain and isinstance(entry.default, str):
        return _name(entry.name, value)
    if entry.plain:
        if type(value) is not int or not 0 <= value <= LARGEST_COUNT:
            raise TypeError(f"{entry.name} is a whole number of at most {LARGEST_COUNT:,}")
    elif not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise TypeError(f"{entry.name} is a text of at most {_LONGEST_TEXT:,} characters")
    return entry_from_text(entry, str(value))


def _name(setting: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{setting} is a text")
    if not 1 <= len(value) <= LONGEST_NAME:
        raise ValueError(f"{setting} must have 1 to {LONGEST_NAME:,} characters")
    return value


def entry_from_text(entry: Entry, text: str) -> Any:
    """The value of an entry that is all of a text. Raises ValueError with a sentence."""
    line = Line(tree.Word(text, Span(0, len(text))))
    try:
        value = entry.read(line)
    except EntryError as error:
        cures = [*error.cures, f"did you mean `{error.meant}`?"] if error.meant else error.cures
        told = f"{error.message}, {error.label}" if error.label else error.message
        raise ValueError("; ".join([told, *cures])) from error
    if not line.at_end():
        raise ValueError(
            f"{entry.name} takes {entry.syntax}; `{text[line.offset : line.offset + 40]}` is left over"
        )
    return value
