"""Reads the items behind a layer's kind against the options that its class declares.

From left to right: a word of an option takes the value right behind it; a value that no word takes goes
to the first free option, in the order of the class, that needs no word. What neither rule places is a
finding, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import Any, TypeAlias

from netdsl.diagnostics import Findings
from netdsl.graph.bare_values import NUMBERS, takes_bare
from netdsl.graph.channel_order import volume_as_list
from netdsl.graph.foreign_layer import ForeignLayer
from netdsl.graph.foreign_options import foreign_option
from netdsl.graph.formulas import Environment, Handed, as_item
from netdsl.graph.formulas_in_layers import calculated
from netdsl.graph.option_findings import DIGITS, OptionFindings
from netdsl.graph.paddings import PADDINGS, ZERO, is_side, read_sides, sides_behind_numbers
from netdsl.graph.several_values import Row
from netdsl.graph.value_order import ValueOrder
from netdsl.graph.values import TABLE_LIMIT, MisfitError, convert, split_third, table_rows
from netdsl.graph.volume_options import VOLUME_OPTIONS, Written, volume_options
from netdsl.layers.layer import Layer
from netdsl.layers.option import SEVERAL, Option, OptionType
from netdsl.layers.registry import kind_named
from netdsl.quantities import Padding
from netdsl.source import Span
from netdsl.syntax import tree

FILLERS = frozenset(
    (
        *("at", "a", "an", "of", "and", "with", "by", "layer", "layers", "the", "in"),
        *("using", "applied", "number", "each"),
    )
)
"""Words that may stand anywhere beside a layer and mean nothing."""

_ONE_COLON = "a layer has one colon, after its label, and one before the value of an option"
_MEASURES = (OptionType.COUNT, OptionType.SIZE, OptionType.PADDING)
_NEGATIONS = frozenset(("no", "without"))


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


class _Reader:
    """One pass over the items of a layer. In a ``where`` entry commas make lists."""

    def __init__(
        self,
        kind: type[Layer],
        items: tuple[tree.Item, ...],
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
        self.place = 0
        self.slipped = False

    def read(self) -> dict[str, list[Written]]:
        while self.place < len(self.items):
            item = self.items[self.place]
            self.place += 1
            if isinstance(item, tree.Word):
                self._word(item)
            elif isinstance(item, tree.Mark):
                self._mark(item)
            elif isinstance(item, tree.Sign):
                self.say.stray_sign(item)
                self.slipped = True
            elif isinstance(item, tree.Table):
                self._table(item)
            elif isinstance(item, tree.Range):
                self._range(item)
            else:
                self._bare(item)
        self.other_words.report(self.findings)
        del self.order, self.other_words  # they refer back to the reader: a circle
        return self.given

    def _word(self, word: tree.Word) -> None:
        text = word.text.lower()
        option = self.by_word.get(text)
        if text in _NEGATIONS:
            self._negation(word)
        elif option is None:
            if self._named_value(word) or self._is_zero(word) or self._sides(word):
                return
            if text in self.fillers:
                self._check_noun(word)
                return
            if self._in_own_words(word):
                return
            if self._number_in_words(word):
                return
            self.slipped = True
            if isinstance(self.environment.values.get(word.text), Handed):
                self.say.no_number(word)
                return
            other = self._layer_beside()
            if other is self.kind and self._names_itself():
                self.slipped, self.place = False, len(self.items)
                return
            if other is not None:
                self.say.other_layer(word, other)
                self.place = len(self.items)  # what follows is said of that one
                return
            self.say.unknown(word, *self._near_words())
        elif option.type is OptionType.FLAG:
            if word.text in self.environment.values:
                self.say.name_and_switch(word)
            behind = self.other_words.flag(option, self.place)
            self.place = behind if behind is not None else self.place
            self._set(option, [Written(True, word.span)])
            self.by_name.add(option.name)
        else:
            self._named(option, word)

    def _number_in_words(self, word: tree.Word) -> bool:
        """Read ``two neurons``: a number in words before what it counts."""
        number = DIGITS.get(word.text.lower())
        noun = self.items[self.place] if self.place < len(self.items) else None
        if number is None or not isinstance(noun, tree.Word):
            return False
        option = self.by_word.get(noun.text.lower())
        counted = noun.text.lower() in self.fillers - FILLERS or (option is not None and option.positional)
        if counted:
            self._bare(tree.Number(str(number), word.span))
        return counted

    def _names_itself(self) -> bool:
        """Whether what follows is nothing but the kind again: ``2 neurons in the fully connected layer``."""
        before = self.items[self.place - 2] if self.place > 1 else None
        article = isinstance(before, tree.Word) and before.text.lower() == "the"
        return article and all(isinstance(item, tree.Word) for item in self.items[self.place :])

    def _layer_beside(self) -> type[Layer] | None:
        """The kind that the word before the place begins, as AVG POOL in ``CONV 8 3x3, AVG POOL 2x2``."""
        words: list[str] = []
        for item in self.items[self.place - 1 : self.place + 2]:
            if not isinstance(item, tree.Word):
                break
            words.append(item.text)
        named = (kind_named(" ".join(words[:length])) for length in range(len(words), 0, -1))
        return next((kind for kind in named if kind is not None), None)

    def _near_words(self) -> tuple[Iterable[str], str]:
        """What may be meant where an unknown word stands: no option that has its value elsewhere, and
        none that would lack one here. Also in one text, without the names that hold everywhere."""
        following = self.order.item(self.order.skip(self.place))
        value = self._value_of(following)
        valued = value is not None
        taken = self._options_elsewhere() | (self.given.keys() if valued else set())
        words = [
            word
            for word, option in self.by_word.items()
            if option.name not in taken and (valued or self._goes_on(option, following))
        ]
        placed = value is None or self._free_option(value) is not None
        nouns = (filler.lower() for filler in self.kind.fillers)  # `the` is no cure, `filters` may be one
        idle = [word for word in nouns if placed and not (valued and word in self.by_word)]
        other = self._option_of(following) if isinstance(following, tree.Word) else None
        negation = ["no"] if other is not None and other.type is OptionType.FLAG else []
        known = [*words, *idle, *negation]
        return chain(known, self.environment.values), " ".join(known)

    def _options_elsewhere(self) -> set[str]:
        """The options that words of the layer name; none of them is the unknown word that asks."""
        if self.named is None:
            self.named = {"stride"} if any(_is_over(item) for item in self.items) else set()
            words = (item for item in self.items if isinstance(item, tree.Word))
            self.named |= {option.name for option in map(self._option_of, words) if option is not None}
        return self.named

    def _goes_on(self, option: Option[Any], following: tree.Item | None) -> bool:
        """Whether an option is complete with what is no value: alone, or with the name of a choice."""
        text = following.text.lower() if isinstance(following, tree.Word) else ""
        if option.type is OptionType.PADDING:
            return text in PADDINGS or text in Padding._fields
        return option.type is OptionType.FLAG or text in option.choices or text in option.tables

    def _in_own_words(self, word: tree.Word) -> bool:
        """Report an option of another program that the kind can say in words of its own."""
        found = foreign_option(self.kind, self.items, self.place - 1, self._option_of, self._value_of)
        if found is not None:
            self.slipped = True
            self.say.foreign(word, found)
            return True
        behind = self.other_words.take(self.place - 1, self._is_own)
        self.place = behind if behind is not None else self.place
        return behind is not None

    def _is_own(self, word: tree.Word) -> bool:
        text = word.text.lower()
        return text in self.by_word or text in self.fillers or text in _NEGATIONS

    def _option_of(self, word: tree.Word) -> Option[Any] | None:
        return self.by_word.get(word.text.lower())

    def _sides(self, word: tree.Word) -> bool:
        """Zeros side by side without the word of a padding: ``PAD left 1``. Where the kind needs the word,
        one finding for all of them."""
        if not is_side(self.items, self.place - 1):
            return False
        option = next((option for option in self.options.values() if option.type is OptionType.PADDING), None)
        if option is None:
            return False
        first = self.place - 1
        meant, behind = sides_behind_numbers(self.items, first, self._value_of)
        if meant:
            self.say.sides_behind(self.items[first - 1].span.to(self.items[behind - 1].span), meant)
            self.place = behind
            return True
        value, self.place = read_sides(option, self.items, first, self._value_of, self.findings)
        self._read(*self.items[first : self.place])
        if not option.positional and option.name not in self.given:
            self.say.sides_alone(option, word)
            value = None
        self._set(option, [Written(value, word.span.to(self.items[self.place - 1].span))])
        self.by_name.add(option.name)
        if self._value_of(self.items[self.place - 1]) is not None:
            self.order.take(option, self.place)
        return True

    def _is_zero(self, word: tree.Word) -> bool:
        """The first word of ``zero padding 2``."""
        following = self.items[self.place] if self.place < len(self.items) else None
        if word.text.lower() != ZERO or not isinstance(following, tree.Word):
            return False
        option = self.by_word.get(following.text.lower())
        return option is not None and option.type is OptionType.PADDING

    def _named_value(self, word: tree.Word) -> bool:
        """A word that is a value by itself: a parameter of the block, `same`, or a choice."""
        value = self._value_of(word)
        if value is not None:
            self._bare(value)
            return True
        text = word.text.lower()
        for option in self.options.values():
            if option.type is OptionType.PADDING and text in PADDINGS:
                self._set(option, [Written(PADDINGS[text], word.span)])
                return True
            if option.type is OptionType.WORD and text in option.choices:
                self._set(option, [Written(text, word.span)])
                self.by_name.add(option.name)
                return True
        return False

    def _value_of(self, item: tree.Item | None) -> tree.Value | None:
        """A value as written, or as a parameter or `let` of this name says it."""
        if isinstance(item, tree.Number | tree.Extents):
            return item
        if isinstance(item, tree.Word):
            quantity = self.environment.values.get(item.text)
            return as_item(quantity, item.span) if quantity is not None else None
        return None

    def _named(self, option: Option[Any], word: tree.Word) -> None:
        """A word that introduces an option; without a value it may be a filler: `96 filters`."""
        place = self.order.skip(self.place)
        following = self.order.item(place)
        if option.type in SEVERAL:
            self._named_several(option, word, place)
            return
        if isinstance(following, tree.Word) and self._by_words(option, word, following, place):
            return
        value = self._value_of(following)
        if isinstance(following, tree.Word):
            other = self._option_of(following)
            if value is None and other is option:
                return  # `kernel size 3x3`
            if word.text in self.environment.values and value is not None and other not in (None, option):
                self.say.two_names(word, following)
                self.place = place + 1
                return
        positional = option.name in self.given and option.name not in self.by_name
        idle = word.text.lower() in self.fillers and option.positional
        misplaced = isinstance(value, tree.Extents) and option.type in NUMBERS
        if positional and not idle and option.type in NUMBERS and isinstance(value, tree.Number):
            positional = False  # `RESHAPE 243 height 9`: a number behind the word is meant for it
        if positional or value is None or (misplaced and idle):
            if word.text in self.environment.values and not (positional and idle):
                self._named_value(word)  # a parameter that is called like an option
            elif self._check_noun(word):
                return
            elif not positional and not idle:
                self.say.no_value(option, word)
            return
        self.place = place + 1
        self._take(option, value, word.span)

    def _named_several(self, option: Option[Any], word: tree.Word, place: int) -> None:
        """``channels 0-57``, ``factors 1, -1``; ``0-57 channels`` says no more than ``0-57``."""
        if option.name in self.given and option.name not in self.by_name:
            return
        before = self.place
        self.place = place
        if self._several(option, word.span):
            self.by_name.add(option.name)
            return
        self.place = before
        self.say.no_value(option, word)

    def _take(self, option: Option[Any], value: tree.Value, start: Span) -> None:
        """The value behind a word of the option, which begins at ``start``."""
        self._set(option, self._values(option, value, start))
        self.by_name.add(option.name)
        self.order.take(option, self.place)

    def _check_noun(self, word: tree.Word) -> bool:
        """Report a noun behind a value that another word has taken: `stride 3x3 kernel`."""
        taker = self.order.taker_before(self.place - 1)
        if taker is not None:
            self.say.taken(word, taker)
        return taker is not None

    def _by_words(self, option: Option[Any], word: tree.Word, following: tree.Word, place: int) -> bool:
        """An option whose value is a word: `pad same`, `pad top 0 bottom 1`, `table lenet5`."""
        text = following.text.lower()
        value: Any = None
        end = place + 1
        if option.type is OptionType.PADDING and text in PADDINGS:
            value = PADDINGS[text]
        elif option.type is OptionType.PADDING and is_side(self.items, place):
            value, end = read_sides(option, self.items, place, self._value_of, self.findings)
            self._read(*self.items[place:end])
        elif option.type is OptionType.WORD and text in option.choices:
            value = text
        elif option.type is OptionType.TABLE and text in option.tables:
            value = option.tables[text]
        elif option.type in (OptionType.WORD, OptionType.TABLE):
            self.say.no_choice(option, following)
        else:
            return False
        self.place = end
        self._set(option, [Written(value, word.span.to(self.items[end - 1].span))])
        self.by_name.add(option.name)
        if self._value_of(self.items[end - 1]) is not None:
            self.order.take(option, end)
        return True

    def _table(self, table: tree.Table) -> None:
        option = next((option for option in self.options.values() if option.type is OptionType.TABLE), None)
        if option is None:
            self.findings.add(
                "ND207",
                f"{self.kind.keyword} takes no table of connections",
                table.span,
                help=("leave it out",),
            )
            return
        try:
            rows = table_rows(table, TABLE_LIMIT - self.findings.spend("connections", 0))
            self.findings.spend("connections", sum(map(len, rows)))
        except MisfitError as misfit:
            self.findings.add(misfit.code, misfit.message, table.span, misfit.label)
            rows = None
        self._set(option, [Written(rows, table.span)])
        self.by_name.add(option.name)

    def _is_filler(self, item: tree.Item) -> bool:
        if isinstance(item, tree.Mark):
            return item.text in ("=", ":")
        if not isinstance(item, tree.Word) or item.text in self.environment.values:
            return False
        return item.text.lower() in FILLERS

    def _negation(self, word: tree.Word) -> None:
        following = self.items[self.place] if self.place < len(self.items) else None
        option = self.by_word.get(following.text.lower()) if isinstance(following, tree.Word) else None
        if option is None or option.type is not OptionType.FLAG or following is None:
            self.say.negates_nothing(word)
            self.place += isinstance(following, tree.Word)
            return
        self.place += 1
        self._set(option, [Written(False, word.span.to(following.span))])
        self.by_name.add(option.name)

    def _between_commas(self) -> Option[Any] | None:
        """The option of ``, 4 stride,``: the word behind a value, where both stand between commas."""
        place = self.place
        before = self.items[place - 2] if place > 1 else None
        word = self.items[place] if place < len(self.items) else None
        behind = self.items[place + 1] if place + 1 < len(self.items) else None
        comma = isinstance(before, tree.Mark) and before.text == ","
        apart = behind is None or (isinstance(behind, tree.Mark) and behind.text == ",")
        if self.lists or not (comma and apart) or not isinstance(word, tree.Word):
            return None
        option = None if word.text in self.environment.values else self.by_word.get(word.text.lower())
        free = option is not None and not option.positional and option.name not in self.given
        return option if free and option is not None and option.type in _MEASURES else None

    def _is_word(self, text: str) -> bool:
        item = self.items[self.place] if self.place < len(self.items) else None
        return isinstance(item, tree.Word) and item.text.lower() == text

    def _begins_layer(self) -> bool:
        following = self.items[self.place] if self.place < len(self.items) else None
        return isinstance(following, tree.Word) and kind_named(following.text) is not None

    def _behind_noun(self) -> bool:
        """``number of filters: 20``: the colon stands behind what is counted."""
        before = self.items[self.place - 2] if self.place > 1 else None
        return isinstance(before, tree.Word) and before.text.lower() in self.fillers - FILLERS

    def _mark(self, mark: tree.Mark) -> None:
        following = self._value_of(self.items[self.place]) if self.place < len(self.items) else None
        if mark.text == "/" and following is not None:
            self.place += 1
            option = self.options.get("stride")
            if option is None:
                self.say.belongs_nowhere(following, f"{self.kind.keyword} has no stride", self.given)
            else:
                self._take(option, following, mark.span)
        elif mark.text == ":":
            if not self.slipped and not (following is not None and self._behind_noun()):
                self.findings.add("ND102", _ONE_COLON, mark.span, help=("write `label: KIND options`",))
                self.slipped = True
        elif mark.text == "/" and self._begins_layer():
            pass  # the layer behind it is spoken of
        elif mark.text == "/" and "stride" not in self.options and self._is_word("s1"):
            self.place += 1  # `FC / s1` of MobileNet's table: a stride of 1 changes nothing
        elif mark.text != "," and not (mark.text == "=" and self.slipped):
            self.findings.add(
                "ND207",
                f"`{mark.text}` stands alone",
                mark.span,
                help=("write `stride 2`, `stride = 2` or `/2`",),
            )

    def _range(self, item: tree.Range) -> None:
        option = next((one for one in self.options.values() if one.type is OptionType.CHANNELS), None)
        if option is None:
            self.say.no_range(item)
            self.slipped = True
        elif not self.slipped:
            self.place -= 1
            self._several(option, item.span)

    def _several(self, option: Option[Any], start: Span) -> bool:
        """The values from here on, for an option that takes several; whether there are any."""
        row = Row(option, self.items, self.place, self._value_of, self.lists)
        if not row.runs:
            return False
        span = row.runs[0][0].span.to(row.runs[-1][-1].span)
        self._read(*self.items[self.place : row.end])
        self.place = row.end
        try:
            self._set(option, row.written(start))
        except MisfitError as misfit:
            self.findings.add(misfit.code, misfit.message, span, misfit.label)
            self._set(option, [Written(None, span)])
        return True

    def _bare(self, value: tree.Value) -> None:
        """A value without a word: it goes to the first free positional option that takes it."""
        owner = self._between_commas()
        if owner is not None:
            self.place += 1
            self._take(owner, value, value.span)
            return
        if self._is_volume(value):
            self._volume(value)
            return
        option = self._free_option(value)
        if option is not None and option.type in SEVERAL:
            self.place -= 1
            self._several(option, value.span)
            return
        if option is not None:
            self._set(option, self._values(option, value, value.span))
            return
        behind = self.order.word_behind(self.place, self.given)
        if behind is not None:
            self.place += 1
            self.say.before_its_word(value, *behind)
        elif not self.slipped:  # behind an unknown word it is that word's value
            self.say.belongs_nowhere(value, "", self.given, sized=self._last_size >= self.place)

    @cached_property
    def _last_size(self) -> int:
        """The place of the last size in the layer; -1 where there is none."""
        sizes = (place for place, item in enumerate(self.items) if isinstance(item, tree.Extents))
        return max(sizes, default=-1)

    def _free_option(self, value: tree.Value) -> Option[Any] | None:
        """The first option without a value that takes this one without a word."""
        number = isinstance(value, tree.Number)
        free = (option for option in self.options.values() if option.name not in self.given)
        return next((option for option in free if takes_bare(option, self.options, number=number)), None)

    def _is_volume(self, value: tree.Value) -> bool:
        """Whether a value says all of a kind that is given by a volume, as ``784`` does of an input; where
        its words may be left out, numbers apart are its extents: ``RESHAPE 8 16 1``."""
        extents = [self.options.get(name) for name in VOLUME_OPTIONS]
        if None in extents:
            return False
        return isinstance(value, tree.Extents) or not all(option and option.positional for option in extents)

    def _volume(self, value: tree.Value) -> None:
        if any(name in self.given for name in VOLUME_OPTIONS):
            self.say.belongs_nowhere(value, "the volume is given twice", self.given)
            return
        listed = isinstance(value, tree.Number)
        end = volume_as_list(self.items, self.place, self.findings) if listed else None
        if end is not None:
            self.place = end
            self.given.update({name: [Written(None, value.span)] for name in VOLUME_OPTIONS})
            return
        self._read(value)
        for name, written in volume_options(self.kind, value, self.findings).items():
            self.given[name] = [written]
            self.volume = written

    def _values(self, option: Option[Any], first: tree.Value, start: Span) -> list[Written]:
        """A value, or in a where block the whole list that a comma continues."""
        values: list[tree.Value] = [first]
        while self.lists and self.place + 1 < len(self.items):
            comma, following = self.items[self.place], self._value_of(self.items[self.place + 1])
            if not (isinstance(comma, tree.Mark) and comma.text == ","):
                break
            if following is None or type(following) is not type(first):
                break
            values.append(following)
            self.place += 2
        if option.third:
            values = self._without_third(self.options[option.third], values)
        return [self._converted(option, value, start) for value in values]

    def _without_third(self, third: Option[Any], values: list[tree.Value]) -> list[tree.Value]:
        """``5x5`` of ``5x5x3``, whose third extent is an option of its own."""
        parts = [split_third(value) for value in values]
        if not all(parts):
            return values
        apart = [part for part in parts if part is not None]
        self._set(third, [self._converted(third, extent, extent.span) for _, extent in apart])
        self.by_name.add(third.name)
        return [size for size, _ in apart]

    def _converted(self, option: Option[Any], value: tree.Value, start: Span) -> Written:
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

    def _read(self, *items: tree.Item) -> None:
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


def _is_over(item: tree.Item) -> bool:
    return isinstance(item, tree.Mark) and item.text == "/"


def read_options(
    kind: type[Layer],
    items: tuple[tree.Item, ...],
    findings: Findings,
    environment: Environment,
    *,
    lists: bool = False,
) -> dict[str, list[Written]]:
    """The options that are written, by name; one value each, several where ``lists`` allows.

    A value that does not fit is reported and has the value None.
    """
    known = calculated(items, environment, findings)
    if known is None:
        return {}
    if environment.values:
        words = (item for item in items if isinstance(item, tree.Word))
        environment.readings.seen.update(word.span for word in words if word.text in environment.values)
    return _Reader(kind, known, environment, lists, findings).read()
