"""Which number goes where, where more than one word could claim it.

A word of an option takes the value right behind it. A value that no word takes goes to the first free
option that needs no word. So a value before its word, ``2x2 stride``, is never read as that word's:
here it is told apart from a noun behind its count, ``64 filters``. What `netdsl explain` promises of values
without a word follows from ``takes_bare`` too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netdsl.graph.expressions.values import Item, Items, Number, Value
from netdsl.layers.option import SEVERAL, Option, OptionType
from netdsl.syntax import tree

NUMBERS = (OptionType.COUNT, OptionType.INDEX, OptionType.REAL)
"""The types whose value is one number."""


def takes_bare(option: Option[Any], options: Mapping[str, Option[Any]], *, number: bool) -> bool:
    """Whether an option takes a bare number, or with ``number`` False a bare ``AxB``.

    A number is a square size only where the kind counts nothing: ``POOL 2`` is 2x2, but in ``CONV 16 3``
    and ``CONV 3 16`` nobody can tell filters from kernel, so there a size shows both extents.
    """
    if not option.positional:
        return False
    if option.type in NUMBERS or option.type in SEVERAL:
        return number
    if option.type is OptionType.SIZE and number:
        return not any(other.positional and other.type in NUMBERS for other in options.values())
    return option.type in (OptionType.SIZE, OptionType.PADDING)


class ValueOrder:
    """The values of one layer that words have taken, by the place behind them."""

    def __init__(
        self,
        items: Items,
        by_word: Mapping[str, Option[Any]],
        is_filler: Callable[[Item], bool],
        value_of: Callable[[Item | None], Value | None],
    ) -> None:
        self.items = items
        self.by_word = by_word
        self.is_filler = is_filler
        self.value_of = value_of
        self._takers: dict[int, Option[Any]] = {}

    def take(self, option: Option[Any], end: int) -> None:
        """A word of the option has taken the value that ends before ``end``."""
        self._takers[end] = option

    def taker_before(self, index: int) -> Option[Any] | None:
        """The option that has taken the value before the noun at ``index``, though the noun could be
        meant for it: ``stride 3x3 kernel``. None where nothing is doubtful."""
        word = self.items[index]
        assert isinstance(word, tree.Word)
        if not self._takers or not self._is_noun(word.text.lower()):
            return None
        if self._has_value(word.text.lower(), self.value_of(self.item(self.skip(index + 1)))):
            return None
        while index and self.is_filler(self.items[index - 1]):
            index -= 1
        taker = self._takers.get(index)
        if taker is None or not taker.positional:
            return taker
        meant = self.by_word.get(word.text.lower())
        alike = meant is not None and meant is not taker and meant.type is taker.type
        return taker if alike else None  # `16 width 8 height` counts the columns before their word

    def word_behind(self, index: int, given: Mapping[str, Any]) -> tuple[tree.Word, Option[Any]] | None:
        """The word at ``index`` of an option that is not given, where no value stands behind it: then the
        value before it is meant for it, as in ``2 stride``."""
        word = self.item(index)
        option = self.by_word.get(word.text.lower()) if isinstance(word, tree.Word) else None
        if option is None or option.name in given or option.type is OptionType.FLAG:
            return None
        behind = self.item(self.skip(index + 1))
        named = isinstance(behind, tree.Word) and option.type in (OptionType.PADDING, OptionType.WORD)
        assert isinstance(word, tree.Word)
        return None if named or self.value_of(behind) is not None else (word, option)

    def _has_value(self, word: str, value: Value | None) -> bool:
        """Whether the value behind a noun is its own: `filters` counts and takes no size, and `kernels`
        is no word of an option, so in `stride 16 kernels 3x3` it may count what stands before it."""
        option = self.by_word.get(word)
        if option is None:
            return value is not None and word == _singular(word)
        counts = option.type in (OptionType.COUNT, OptionType.INDEX, OptionType.REAL)
        return isinstance(value, Number if counts else Value)

    def _is_noun(self, word: str) -> bool:
        """Whether a word, singular or plural, names an option that may go without: `96 filters`."""
        names = (name for name, option in self.by_word.items() if option.positional)
        return any(_singular(word) == _singular(name) for name in names)

    def skip(self, index: int) -> int:
        """The first place from ``index`` on that holds no filler."""
        while index < len(self.items) and self.is_filler(self.items[index]):
            index += 1
        return index

    def item(self, index: int) -> Item | None:
        return self.items[index] if index < len(self.items) else None


def _singular(word: str) -> str:
    return word.removesuffix("s")
