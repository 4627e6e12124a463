"""What may be written in a recipe: entries, what they name, and the settings of that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import getdoc

from netdsl.layers.option import OptionType
from netdsl.recipe.component import Component
from netdsl.recipe.entries import entries, entry_phrases
from netdsl.reports.as_component import components


def recipe_items(element: str) -> Iterator[tuple[str, str, str]]:
    """Text, sort and short description of what may follow ``element``, the beginning of a line."""
    words = re.findall(r"[A-Za-z][\w-]*", element.lower())
    entry = next((entry_phrases()[word] for word in reversed(words) if word in entry_phrases()), "")
    named = components().get(entry, {})
    behind = words[len(words) - words[::-1].index(entry) :] if entry in words else []
    chosen = _chosen(named, behind)
    if named and (chosen is None or entry == "augment"):
        for name, kind in named.items():
            yield name, "value", (getdoc(kind) or "").partition("\n")[0]
        if chosen is None:
            return
    if chosen is not None:
        yield from _settings(chosen, behind)
    written = {entry_phrases()[word] for word in words if word in entry_phrases()}
    for name, one in entries().items():
        if name not in written:
            yield name, "entry", f"{one.sentence}: {name} {one.syntax}"


def _chosen(named: dict[str, type[Component]], words: list[str]) -> type[Component] | None:
    """The component that words name last."""
    by_name = {name: kind for kind in named.values() for name in (kind.name, *kind.spellings)}
    return next((by_name[word] for word in reversed(words) if word in by_name), None)


def _settings(kind: type[Component], words: list[str]) -> Iterator[tuple[str, str, str]]:
    for option in kind.options().values():
        if words and words[-1] in option.words:
            yield from ((choice, "value", option.doc) for choice in option.choices)
        if not any(word in words for word in option.words):
            yield option.words[0], "option", option.doc
        if option.type is OptionType.WORD and option.bare:
            yield from ((choice, "value", option.doc) for choice in option.choices)
