"""A recipe as a `.train` file, for `netdsl train --recipe`."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.recipe.entries import entries
from netdsl.recipe.recipe import Recipe


def recipe_as_file(recipe: Recipe, comments: Sequence[str] = ()) -> str:
    """Every entry with every option, so that a later default changes nothing; ``comments`` come first.

    Reading the file gives the recipe back, but for what no file says: data other than the shipped ones,
    which a recipe names beside itself only, and ``exact`` and ``precision``, which are options of commands.
    """
    lines = [f"# {comment}" for comment in comments]
    width = max(map(len, entries()))
    for name, entry in entries().items():
        value = getattr(recipe, name)
        if name == "data" and value != entry.default:
            continue
        if text := entry.text(value):
            lines.append(f"{name:{width}} {text}")
    return "\n".join([*lines, ""])
