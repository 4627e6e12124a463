"""Options whose value is several items in a row: the channels that a layer takes, the factors of a sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netdsl.graph.expressions.coercion import INTEGER_LIMIT, REAL_LIMIT, MisfitError, extents, number
from netdsl.graph.expressions.values import Item, Items, Number, Value
from netdsl.graph.options.volumes import Written
from netdsl.layers.option import Option, OptionType
from netdsl.quantities import count_from_text
from netdsl.source import Span
from netdsl.syntax import tree

ValueOf = Callable[[Item | None], Value | None]

_ORDER = "a range runs from a channel to a later one"


class Row:
    """The items from ``index`` on that are values of one option, commas between them or not.

    ``values`` has one entry, or in a ``where`` block, where commas deal values out, one for each layer.
    """

    def __init__(self, option: Option[Any], items: Items, index: int, value_of: ValueOf, lists: bool) -> None:
        self.option = option
        runs: list[list[Number | tree.Range]] = [[]]
        self.end = index
        while index < len(items):
            item = items[index]
            if isinstance(item, tree.Mark) and item.text == "," and runs[-1]:
                if lists and option.type is OptionType.CHANNELS:
                    runs.append([])
                index += 1
                continue
            value = item if isinstance(item, tree.Range) else value_of(item)
            if not isinstance(value, Number | tree.Range):
                break
            if isinstance(item, tree.Word) and self._is_word(item):
                break
            runs[-1].append(value)
            index += 1
            self.end = index
        self.runs = [run for run in runs if run]

    def _is_word(self, word: tree.Word) -> bool:
        return word.text.lower() in self.option.words

    def written(self, start: Span) -> list[Written]:
        """The typed values, each with its place; raises MisfitError."""
        found = []
        for run in self.runs:
            typed: Any = _factors(run) if self.option.type is OptionType.FACTORS else _channels(run)
            found.append(Written(typed, start.to(run[-1].span)))
        return found


def _factors(run: list[Number | tree.Range]) -> tuple[float, ...]:
    values = [number(item) if isinstance(item, Number) else None for item in run]
    for item, value in zip(run, values, strict=True):
        if value is None or abs(value) == float("inf"):
            raise MisfitError("ND206", "factors are numbers, one for each branch", f"not {item.text[:40]}")
        if abs(value) > REAL_LIMIT:
            raise MisfitError("ND105", f"{item.text[:40]} is too large", "numbers hold at most 3.4e38")
    return tuple(value for value in values if value is not None)


def _channels(run: list[Number | tree.Range]) -> tuple[tuple[int, int], ...]:
    """The runs of channels; those that go on where the one before ends are one."""
    found: list[tuple[int, int]] = []
    for item in run:
        first, last = _ends(item)
        if first is None or last is None:
            raise MisfitError("ND206", "channels are whole numbers, counted from 0", f"not {item.text[:40]}")
        if last > INTEGER_LIMIT:
            raise MisfitError("ND105", f"{item.text[:40]} is too large", "options hold at most 2,147,483,648")
        if last < first:
            raise MisfitError("ND206", _ORDER, f"not to {last}")
        if found and found[-1][1] + 1 == first:
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    return tuple(found)


def _ends(item: Number | tree.Range) -> tuple[int | None, int | None]:
    """The first and the last channel that are written; None where one is not a whole number from 0 on."""
    if isinstance(item, tree.Range):
        first, _, last = item.text.partition("-")
        return count_from_text(first), count_from_text(last)
    channel = extents(item)
    return (channel[0], channel[0]) if channel is not None else (None, None)
