"""The settings of a recipe as keyword arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdsl.layers.option import OptionType
from netdsl.recipe.data_beside import recipe_beside
from netdsl.recipe.entries import entries, setting_owner, with_setting
from netdsl.recipe.line import EntryError, Line
from netdsl.recipe.reading import read_value
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.search_settings import with_value
from netdsl.recipe.stored import entry_from_text
from netdsl.recipe.written import WrittenRecipe
from netdsl.source import Span
from netdsl.syntax import tree


def recipe_with(written: WrittenRecipe | None, given: Mapping[str, Any]) -> Recipe:
    """The recipe that a network's text has, changed by what is given.

    ``epochs=5``, ``augment="flip, shift 2"``, ``optimizer="adam rate 0.001"``: an entry takes what stands
    after its word in ``train { }``; ``rate=0.05``: a setting of the optimizer, loss or schedule takes a
    value. Raises TypeError for a name that is neither, ValueError for what it does not take.
    """
    recipe = recipe_beside(written)
    named = {name: value for name, value in given.items() if name in entries()}
    for name, value in named.items():
        recipe = recipe._replace(**{name: _entry(name, value)})
    for name, value in given.items():
        if name not in named:
            recipe = _with_setting(recipe, name, value)
    for problem in recipe.optimizer.problems():
        raise ValueError(problem)
    return recipe


def _entry(name: str, value: Any) -> Any:
    entry = entries()[name]
    if name == "classes" and not isinstance(value, str):
        return tuple(map(str, value))
    if entry.plain and isinstance(entry.default, str):
        return str(value)
    if isinstance(value, tuple | list):
        value = ", ".join(map(str, value))
    try:
        return entry_from_text(entry, str(value))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _with_setting(recipe: Recipe, name: str, value: Any) -> Recipe:
    owner = setting_owner(recipe, name)
    if owner is None:
        known = ", ".join(sorted({*entries(), *recipe.optimizer.options()}))
        raise TypeError(
            f"{name!r} is neither an entry of a recipe nor a setting of {recipe.optimizer.name}: "
            f"known are {known}"
        )
    option = getattr(recipe, owner).options()[name]
    if option.type is OptionType.FLAG:
        return with_setting(recipe, name, bool(value))
    text = str(value)
    line = Line(tree.Word(text, Span(0, len(text))))
    try:
        read = read_value(line, option)
    except EntryError as error:
        raise ValueError(f"{name}: {error.message}, {error.label}") from None
    if not line.at_end():
        raise ValueError(f"{name}: {text[:40]!r} is not a number")
    return with_value(recipe, name, read) if name == "rate" else with_setting(recipe, name, read)
