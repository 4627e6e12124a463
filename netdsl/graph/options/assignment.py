"""What of a layer's options is read so far, and where a value goes that no word takes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeAlias

from netdsl.diagnostics import Findings
from netdsl.graph.expressions.coercion import MisfitError, convert, split_third
from netdsl.graph.expressions.environment import Environment
from netdsl.graph.expressions.evaluate import exact_value
from netdsl.graph.expressions.values import Item, Items, Number, Size, Value
from netdsl.graph.options.channel_order import volume_as_list
from netdsl.graph.options.foreign_words import ForeignLayer
from netdsl.graph.options.messages import OptionFindings
from netdsl.graph.options.paddings import ZERO
from netdsl.graph.options.several_values import Row
from netdsl.graph.options.value_order import ValueOrder, takes_bare
from netdsl.graph.options.volumes import VOLUME_OPTIONS, Written, volume_options
from netdsl.layers.layer import Layer
from netdsl.layers.option import SEVERAL, Option, OptionType
from netdsl.source import Span
from netdsl.syntax import tree

FILLERS = frozenset(
    (
        *("at", "a", "an", "of", "and", "with", "by", "layer", "layers", "the", "in"),
        *("using", "applied", "number", "each"),
    )
)
"""Words that may stand anywhere beside a layer and mean nothing."""

_MEASURES = (OptionType.COUNT, OptionType.SIZE, OptionType.PADDING)


_Words: TypeAlias = tuple[Mapping[str, Option[Any]], frozenset[str]]

_words: dict[type[Layer], _Words] = {}


def _words_of(kind: type[Layer]) -> _Words:
    """The words of the options of a kind, and those that mean nothing beside it."""
    if kind in _words:
        return _words[kind]
    by_word = {word.lower(): option for option in kind.options().values() for word in option.words}
    paddings = [word for word, option in by_word.items() if option.type is OptionType.PADDING]
    by_word |= {f"{ZERO}-{word}": by_word[word] for word in paddings}
    fillers = FILLERS | {filler.lower() for filler in kind.fillers}
    _words[kind] = MappingProxyType(by_word), fillers
    return _words[kind]


class OptionValues:
    """The items of a layer, the place that is read, and what is given.

    In a ``where`` entry commas make lists.
    """

    def __init__(
        self,
        kind: type[Layer],
        items: Items,
        environment: Environment,
        lists: bool,
        findings: Findings,
    ) -> None:
        self.kind = kind
        self.environment = environment
        self.items = items
        self.lists = lists
        self.findings = findings
        self.options = kind.options()
        self.say = OptionFindings(kind, findings)
        self.by_word, self.fillers = _words_of(kind)
        self.given: dict[str, list[Written]] = {}
        self.by_name: set[str] = set()
        self.named: set[str] | None = None
        self.volume: Written | None = None
        self.order = ValueOrder(items, self.by_word, self._is_filler, self._value_of)
        self.other_words = ForeignLayer(kind, items, self._value_of, findings.source.excerpt)
        self.index = 0
        self.slipped = False

    def _bare(self, value: Value) -> None:
        """A value without a word: it goes to the first free positional option that takes it."""
        owner = self._between_commas()
        if owner is not None:
            self.index += 1
            self._take(owner, value, value.span)
            return
        if self._is_volume(value):
            self._volume(value)
            return
        option = self._free_option(value)
        if option is not None and option.type in SEVERAL:
            self.index -= 1
            self._several(option, value.span)
            return
        if option is not None:
            self._set(option, self._values(option, value, value.span))
            return
        behind = self.order.word_behind(self.index, self.given)
        if behind is not None:
            self.index += 1
            self.say.before_its_word(value, *behind)
        elif not self.slipped:  # behind an unknown word it is that word's value
            self.say.belongs_nowhere(value, "", self.given, sized=self._last_size >= self.index)

    def _between_commas(self) -> Option[Any] | None:
        """The option of ``, 4 stride,``: the word behind a value, where both stand between commas."""
        index = self.index
        before = self.items[index - 2] if index > 1 else None
        word = self.items[index] if index < len(self.items) else None
        behind = self.items[index + 1] if index + 1 < len(self.items) else None
        comma = isinstance(before, tree.Mark) and before.text == ","
        apart = behind is None or (isinstance(behind, tree.Mark) and behind.text == ",")
        if self.lists or not (comma and apart) or not isinstance(word, tree.Word):
            return None
        option = None if word.text in self.environment.values else self.by_word.get(word.text.lower())
        free = option is not None and not option.positional and option.name not in self.given
        return option if free and option is not None and option.type in _MEASURES else None

    @cached_property
    def _last_size(self) -> int:
        """The place of the last size in the layer; -1 where there is none."""
        sizes = (index for index, item in enumerate(self.items) if isinstance(item, Size))
        return max(sizes, default=-1)

    def _free_option(self, value: Value) -> Option[Any] | None:
        """The first option without a value that takes this one without a word."""
        number = isinstance(value, Number)
        free = (option for option in self.options.values() if option.name not in self.given)
        return next((option for option in free if takes_bare(option, self.options, number=number)), None)

    def _is_volume(self, value: Value) -> bool:
        """Whether a value says all of a kind that is given by a volume, as ``784`` does of an input; where
        its words may be left out, numbers apart are its extents: ``RESHAPE 8 16 1``."""
        extents = [self.options.get(name) for name in VOLUME_OPTIONS]
        if None in extents:
            return False
        return isinstance(value, Size) or not all(option and option.positional for option in extents)

    def _volume(self, value: Value) -> None:
        if any(name in self.given for name in VOLUME_OPTIONS):
            self.say.belongs_nowhere(value, "the volume is given twice", self.given)
            return
        listed = isinstance(value, Number)
        end = volume_as_list(self.items, self.index, self.findings) if listed else None
        if end is not None:
            self.index = end
            self.given.update({name: [Written(None, value.span)] for name in VOLUME_OPTIONS})
            return
        self._read(value)
        for name, written in volume_options(self.kind, value, self.findings).items():
            self.given[name] = [written]
            self.volume = written

    def _several(self, option: Option[Any], start: Span) -> bool:
        """The values from here on, for an option that takes several; whether there are any."""
        row = Row(option, self.items, self.index, self._value_of, self.lists)
        if not row.runs:
            return False
        span = row.runs[0][0].span.to(row.runs[-1][-1].span)
        self._read(*self.items[self.index : row.end])
        self.index = row.end
        try:
            self._set(option, row.written(start))
        except MisfitError as misfit:
            self.findings.add(misfit.code, misfit.message, span, misfit.label)
            self._set(option, [Written(None, span)])
        return True

    def _take(self, option: Option[Any], value: Value, start: Span) -> None:
        """The value behind a word of the option, which begins at ``start``."""
        self._set(option, self._values(option, value, start))
        self.by_name.add(option.name)
        self.order.take(option, self.index)

    def _values(self, option: Option[Any], first: Value, start: Span) -> list[Written]:
        """A value, or in a where block the whole list that a comma continues."""
        values: list[Value] = [first]
        while self.lists and self.index + 1 < len(self.items):
            comma, following = self.items[self.index], self._value_of(self.items[self.index + 1])
            if not (isinstance(comma, tree.Mark) and comma.text == ","):
                break
            if following is None or isinstance(following, Number) != isinstance(first, Number):
                break
            values.append(following)
            self.index += 2
        if option.third:
            values = self._without_third(self.options[option.third], values)
        return [self._converted(option, value, start) for value in values]

    def _without_third(self, third: Option[Any], values: list[Value]) -> list[Value]:
        """``5x5`` of ``5x5x3``, whose third extent is an option of its own."""
        parts = [split_third(value) for value in values]
        if not all(parts):
            return values
        apart = [part for part in parts if part is not None]
        self._set(third, [self._converted(third, extent, extent.span) for _, extent in apart])
        self.by_name.add(third.name)
        return [size for size, _ in apart]

    def _converted(self, option: Option[Any], value: Value, start: Span) -> Written:
        """The typed value, None with a finding where it does not fit; its place begins at ``start``."""
        self._read(value)
        if self.lists and "," in value.text:
            self.say.ambiguous(value)
        typed: Any = None
        try:
            typed = convert(option, value)
        except MisfitError as misfit:
            self.say.misfit(misfit.code, misfit.message, value, misfit.label)
        return Written(typed, start.to(value.span))

    def _value_of(self, item: Item | None) -> Value | None:
        """A value as written, or as a parameter or `let` of this name says it."""
        if isinstance(item, Value):
            return item
        if isinstance(item, tree.Word):
            quantity = self.environment.values.get(item.text)
            return exact_value(quantity, item.span) if quantity is not None else None
        return None

    def _option_of(self, word: tree.Word) -> Option[Any] | None:
        return self.by_word.get(word.text.lower())

    def _is_filler(self, item: Item) -> bool:
        if isinstance(item, tree.Mark):
            return item.text in ("=", ":")
        if not isinstance(item, tree.Word) or item.text in self.environment.values:
            return False
        return item.text.lower() in FILLERS

    def _read(self, *items: Item) -> None:
        """Note that values are used, which names may stand for."""
        if self.environment.values:
            self.environment.readings.read.update(item.span for item in items)

    def _set(self, option: Option[Any], values: list[Written]) -> None:
        earlier = self.given.get(option.name)
        if earlier is None and self.volume is not None and option.name in VOLUME_OPTIONS:
            earlier = [self.volume]  # `784` is all of a volume, its height and width included
        if earlier is not None:
            self.say.given_twice(option, values[0].span, earlier[0].span)
            return
        self.given[option.name] = values
