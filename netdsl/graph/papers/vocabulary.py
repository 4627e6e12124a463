"""The words of a kind, for layers as papers write them: which take values, and which values none takes."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, NamedTuple

from netdsl.graph.options.assignment import FILLERS
from netdsl.graph.options.paddings import PADDINGS, ZERO
from netdsl.graph.papers.names import glued
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.quantities import Padding
from netdsl.source import Span
from netdsl.syntax import tree

COUNTS = (OptionType.COUNT, OptionType.INDEX, OptionType.REAL)


_SAID = frozenset((*FILLERS, *PADDINGS, *Padding._fields, ZERO, "no", "without"))


class TwoWays(Exception):
    """A spelling that can be read in two ways, each as our text and what it means."""

    def __init__(self, span: Span, *readings: tuple[str, str]) -> None:
        super().__init__(str(readings))
        self.span = span
        self.readings = readings


class Vocabulary:
    """The words of a kind, and which options take values without a word."""

    def __init__(self, kind: type[Layer], numbers: frozenset[str]) -> None:
        self.kind = kind
        self.numbers = numbers
        options = kind.options()
        self.by_word = {word.lower(): option for option in options.values() for word in option.words}
        self.by_letter = {letter: option for option in options.values() for letter in option.letters}
        self.fillers = {filler.lower() for filler in kind.fillers}
        self.choices = {choice for option in options.values() for choice in (*option.choices, *option.tables)}
        bare = [option for option in options.values() if option.positional]
        self.count = next((option for option in bare if option.type in COUNTS), None)
        self.size = next((option for option in bare if option.type is OptionType.SIZE), None)
        self.stride = options.get("stride")

    def knows(self, text: str) -> bool:
        """Whether a word means something to the kind as it stands."""
        low = text.lower()
        known = low in self.by_word or low in self.fillers or low in _SAID or low in self.choices
        return known or low.startswith(f"{ZERO}-")

    def values(self, text: str) -> bool:
        """Whether a word is an option and its value in one, or a letter: ``s2``, ``stride-2``."""
        apart = glued(text)
        name = apart.name if apart is not None else text
        return name in self.by_letter or (apart is not None and name.lower() in self.by_word)

    def option_of(self, item: tree.Item | None) -> Option[Any] | None:
        """The option that a word introduces a value of."""
        if not isinstance(item, tree.Word) or item.text in self.numbers:
            return None
        option = self.by_word.get(item.text.lower())
        return None if option is None or option.type is OptionType.FLAG else option

    def is_value(self, item: tree.Item | None) -> bool:
        named = isinstance(item, tree.Word) and item.text in self.numbers
        return named or isinstance(item, tree.Number | tree.Extents)


_KNOWN: dict[tuple[type[Layer], frozenset[str]], Vocabulary] = {}


_MOST_KNOWN = 256


def vocabulary(kind: type[Layer], numbers: frozenset[str]) -> Vocabulary:
    """The words of a kind in a file with these names of numbers; shared by its layers."""
    found = _KNOWN.get((kind, numbers))
    if found is None:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        found = _KNOWN[kind, numbers] = Vocabulary(kind, numbers)
    return found


def is_bare(
    items: tuple[tree.Item, ...], index: int, words: Vocabulary, letters: Container[str] = ()
) -> bool:
    """Whether a value stands there that no word before it takes."""
    if not isinstance(items[index], tree.Number | tree.Extents):
        return False
    index -= 1
    while index >= 0 and passes(items[index]):
        index -= 1
    before = items[index] if index >= 0 else None
    if isinstance(before, tree.Mark) and before.text == "/":
        return False
    if isinstance(before, tree.Sign):
        return False
    if isinstance(before, tree.Word) and before.text in letters:
        return False
    option = words.option_of(before)
    if option is None:
        return True
    # `64 filters 3x3`: the word is behind a value of its own.
    own = index > 0 and words.is_value(items[index - 1]) and option.positional
    return own and is_bare(items, index - 1, words, letters)


def passes(item: tree.Item) -> bool:
    if isinstance(item, tree.Mark):
        return item.text in "=:"
    return isinstance(item, tree.Word) and item.text.lower() in FILLERS


class Bare(NamedTuple):
    """The values of a layer that no word takes."""

    numbers: list[tree.Number]
    sizes: list[tree.Extents]


def bare_values(items: tuple[tree.Item, ...], words: Vocabulary) -> Bare:
    found = [item for index, item in enumerate(items) if is_bare(items, index, words)]
    signs = [item.span for item in items if isinstance(item, tree.Sign)]
    starts, ends = {sign.start for sign in signs}, {sign.end for sign in signs}

    def calculated(span: Span) -> bool:
        return span.end in starts or span.end + 1 in starts or span.start in ends or span.start - 1 in ends

    numbers = [item for item in found if isinstance(item, tree.Number) and not calculated(item.span)]
    return Bare(numbers, [item for item in found if isinstance(item, tree.Extents)])


def has_option(items: tuple[tree.Item, ...], words: Vocabulary, option: Option[Any]) -> bool:
    return any(words.option_of(item) is option for item in items)
