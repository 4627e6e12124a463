"""Paddings in words: ``same``, ``valid``, and each side by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netdsl.diagnostics import Findings
from netdsl.graph.expressions.coercion import MisfitError, convert
from netdsl.graph.expressions.values import Item, Items, Number, Value
from netdsl.layers.option import Option
from netdsl.quantities import SAME, Padding, Same
from netdsl.syntax import tree

PADDINGS: Mapping[str, Padding | Same] = {"same": SAME, "valid": Padding(0, 0, 0, 0)}
"""Paddings that have a name."""

ZERO = "zero"
"""May stand before a word of a padding and means nothing: `zero padding 2`, `zero-padding 2`."""


def is_side(items: Items, index: int) -> bool:
    """Whether `top`, `bottom`, `left` or `right` stands there."""
    item = items[index] if index < len(items) else None
    return isinstance(item, tree.Word) and item.text.lower() in Padding._fields


def read_sides(
    option: Option[Any],
    items: Items,
    index: int,
    value_of: Callable[[Item], Value | None],
    findings: Findings,
) -> tuple[Padding | None, int]:
    """`top 0 bottom 1 left 0 right 1`: the padding, and the place behind it. Sides left out are 0;
    None, with a finding, where one has no number that fits."""
    sides = dict.fromkeys(Padding._fields, 0)
    said: dict[str, int] = {}
    sound = True
    while is_side(items, index):
        side = items[index]
        assert isinstance(side, tree.Word)
        behind = index + 1 + _is_mark(items, index + 1, "=:")
        value = value_of(items[behind]) if behind < len(items) else None
        try:
            if not isinstance(value, Number):
                raise MisfitError("ND206", f"`{side.text}` needs a number of rows or columns")
            rows = convert(option, value).top
            if said.setdefault(side.text.lower(), rows) != rows:
                raise MisfitError("ND205", f"`{side.text}` is given twice", "leave one of them out")
            sides[side.text.lower()] = rows
        except MisfitError as misfit:
            findings.add(misfit.code, misfit.message, side.span, misfit.label)
            sound = False
        index = behind + (value is not None)
        link = index + _is_mark(items, index, ",")
        link += _is_and(items, link)
        if is_side(items, link):
            index = link
    return (Padding(**sides) if sound else None), index


def sides_behind_numbers(
    items: Items, index: int, value_of: Callable[[Item], Value | None]
) -> tuple[str, int]:
    """``1 left 2 right``, whose first side stands at ``index``: how it is meant, ``left 1 right 2``, and the
    place behind it; an empty text where each side has its number behind it."""
    meant: list[str] = []
    before = items[index - 1] if index else None
    while isinstance(before, Number) and is_side(items, index):
        side = items[index]
        assert isinstance(side, tree.Word)
        meant.append(f"{side.text} {before.text}")
        index += 1
        link = index + _is_mark(items, index, ",")
        before = items[link] if link < len(items) else None
        if isinstance(before, Number) and not is_side(items, link + 1) and link > index:
            before = None  # `1 left, 64`
        if isinstance(before, Number):
            index = link
        else:
            named = link == index and before is not None and value_of(before) is not None
            return ("", index) if named or _is_mark(items, index, "=:") else (" ".join(meant), index)
        index += 1
    return "", index


def _is_mark(items: Items, index: int, marks: str) -> bool:
    item = items[index] if index < len(items) else None
    return isinstance(item, tree.Mark) and item.text in marks


def _is_and(items: Items, index: int) -> bool:
    item = items[index] if index < len(items) else None
    return isinstance(item, tree.Word) and item.text.lower() == "and"
