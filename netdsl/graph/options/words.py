"""Words behind a layer's kind: of its options, values that have a name, and what is no word of it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import chain
from typing import Any

from netdsl.graph.expressions.environment import ElementArgument
from netdsl.graph.expressions.values import ExactNumber, Item, Number, Size
from netdsl.graph.options.assignment import FILLERS, OptionValues
from netdsl.graph.options.foreign_options import foreign_option
from netdsl.graph.options.messages import DIGITS
from netdsl.graph.options.paddings import PADDINGS, ZERO, is_side, read_sides, sides_behind_numbers
from netdsl.graph.options.value_order import NUMBERS
from netdsl.graph.options.volumes import Written
from netdsl.layers.layer import Layer
from netdsl.layers.option import SEVERAL, Option, OptionType
from netdsl.layers.registry import kind_named
from netdsl.quantities import Padding
from netdsl.syntax import tree

_NEGATIONS = frozenset(("no", "without"))


class OptionWords(OptionValues):
    """Reads the words of a layer."""

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
            if isinstance(self.environment.values.get(word.text), ElementArgument):
                self.say.no_number(word)
                return
            other = self._layer_beside()
            if other is self.kind and self._names_itself():
                self.slipped, self.index = False, len(self.items)
                return
            if other is not None:
                self.say.other_layer(word, other)
                self.index = len(self.items)  # what follows is said of that one
                return
            self.say.unknown(word, *self._near_words())
        elif option.type is OptionType.FLAG:
            if word.text in self.environment.values:
                self.say.name_and_switch(word)
            behind = self.other_words.flag(option, self.index)
            self.index = behind if behind is not None else self.index
            self._set(option, [Written(True, word.span)])
            self.by_name.add(option.name)
        else:
            self._named(option, word)

    def _number_in_words(self, word: tree.Word) -> bool:
        """Read ``two neurons``: a number in words before what it counts."""
        number = DIGITS.get(word.text.lower())
        noun = self.items[self.index] if self.index < len(self.items) else None
        if number is None or not isinstance(noun, tree.Word):
            return False
        option = self.by_word.get(noun.text.lower())
        counted = noun.text.lower() in self.fillers - FILLERS or (option is not None and option.positional)
        if counted:
            self._bare(ExactNumber(Fraction(number), word.span))
        return counted

    def _names_itself(self) -> bool:
        """Whether what follows is nothing but the kind again: ``2 neurons in the fully connected layer``."""
        before = self.items[self.index - 2] if self.index > 1 else None
        article = isinstance(before, tree.Word) and before.text.lower() == "the"
        return article and all(isinstance(item, tree.Word) for item in self.items[self.index :])

    def _layer_beside(self) -> type[Layer] | None:
        """The kind that the word before the place begins, as AVG POOL in ``CONV 8 3x3, AVG POOL 2x2``."""
        words: list[str] = []
        for item in self.items[self.index - 1 : self.index + 2]:
            if not isinstance(item, tree.Word):
                break
            words.append(item.text)
        named = (kind_named(" ".join(words[:length])) for length in range(len(words), 0, -1))
        return next((kind for kind in named if kind is not None), None)

    def _near_words(self) -> tuple[Iterable[str], str]:
        """What may be meant where an unknown word stands: no option that has its value elsewhere, and
        none that would lack one here. Also in one text, without the names that hold everywhere."""
        following = self.order.item(self.order.skip(self.index))
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

    def _goes_on(self, option: Option[Any], following: Item | None) -> bool:
        """Whether an option is complete with what is no value: alone, or with the name of a choice."""
        text = following.text.lower() if isinstance(following, tree.Word) else ""
        if option.type is OptionType.PADDING:
            return text in PADDINGS or text in Padding._fields
        return option.type is OptionType.FLAG or text in option.choices or text in option.tables

    def _in_own_words(self, word: tree.Word) -> bool:
        """Report an option of another program that the kind can say in words of its own."""
        found = foreign_option(self.kind, self.items, self.index - 1, self._option_of, self._value_of)
        if found is not None:
            self.slipped = True
            self.say.foreign(word, found)
            return True
        behind = self.other_words.take(self.index - 1, self._is_own)
        self.index = behind if behind is not None else self.index
        return behind is not None

    def _is_own(self, word: tree.Word) -> bool:
        text = word.text.lower()
        return text in self.by_word or text in self.fillers or text in _NEGATIONS

    def _sides(self, word: tree.Word) -> bool:
        """Zeros side by side without the word of a padding: ``PAD left 1``. Where the kind needs the word,
        one finding for all of them."""
        if not is_side(self.items, self.index - 1):
            return False
        option = next((option for option in self.options.values() if option.type is OptionType.PADDING), None)
        if option is None:
            return False
        first = self.index - 1
        meant, behind = sides_behind_numbers(self.items, first, self._value_of)
        if meant:
            self.say.sides_behind(self.items[first - 1].span.to(self.items[behind - 1].span), meant)
            self.index = behind
            return True
        value, self.index = read_sides(option, self.items, first, self._value_of, self.findings)
        self._read(*self.items[first : self.index])
        if not option.positional and option.name not in self.given:
            self.say.sides_alone(option, word)
            value = None
        self._set(option, [Written(value, word.span.to(self.items[self.index - 1].span))])
        self.by_name.add(option.name)
        if self._value_of(self.items[self.index - 1]) is not None:
            self.order.take(option, self.index)
        return True

    def _is_zero(self, word: tree.Word) -> bool:
        """The first word of ``zero padding 2``."""
        following = self.items[self.index] if self.index < len(self.items) else None
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

    def _named(self, option: Option[Any], word: tree.Word) -> None:
        """A word that introduces an option; without a value it may be a filler: `96 filters`."""
        index = self.order.skip(self.index)
        following = self.order.item(index)
        if option.type in SEVERAL:
            self._named_several(option, word, index)
            return
        if isinstance(following, tree.Word) and self._by_words(option, word, following, index):
            return
        value = self._value_of(following)
        if isinstance(following, tree.Word):
            other = self._option_of(following)
            if value is None and other is option:
                return  # `kernel size 3x3`
            if word.text in self.environment.values and value is not None and other not in (None, option):
                self.say.two_names(word, following)
                self.index = index + 1
                return
        positional = option.name in self.given and option.name not in self.by_name
        idle = word.text.lower() in self.fillers and option.positional
        misplaced = isinstance(value, Size) and option.type in NUMBERS
        if positional and not idle and option.type in NUMBERS and isinstance(value, Number):
            positional = False  # `RESHAPE 243 height 9`: a number behind the word is meant for it
        if positional or value is None or (misplaced and idle):
            if word.text in self.environment.values and not (positional and idle):
                self._named_value(word)  # a parameter that is called like an option
            elif self._check_noun(word):
                return
            elif not positional and not idle:
                self.say.no_value(option, word)
            return
        self.index = index + 1
        self._take(option, value, word.span)

    def _named_several(self, option: Option[Any], word: tree.Word, index: int) -> None:
        """``channels 0-57``, ``factors 1, -1``; ``0-57 channels`` says no more than ``0-57``."""
        if option.name in self.given and option.name not in self.by_name:
            return
        before = self.index
        self.index = index
        if self._several(option, word.span):
            self.by_name.add(option.name)
            return
        self.index = before
        self.say.no_value(option, word)

    def _check_noun(self, word: tree.Word) -> bool:
        """Report a noun behind a value that another word has taken: `stride 3x3 kernel`."""
        taker = self.order.taker_before(self.index - 1)
        if taker is not None:
            self.say.taken(word, taker)
        return taker is not None

    def _by_words(self, option: Option[Any], word: tree.Word, following: tree.Word, index: int) -> bool:
        """An option whose value is a word: `pad same`, `pad top 0 bottom 1`, `table lenet5`."""
        text = following.text.lower()
        value: Any = None
        end = index + 1
        if option.type is OptionType.PADDING and text in PADDINGS:
            value = PADDINGS[text]
        elif option.type is OptionType.PADDING and is_side(self.items, index):
            value, end = read_sides(option, self.items, index, self._value_of, self.findings)
            self._read(*self.items[index:end])
        elif option.type is OptionType.WORD and text in option.choices:
            value = text
        elif option.type is OptionType.TABLE and text in option.tables:
            value = option.tables[text]
        elif option.type in (OptionType.WORD, OptionType.TABLE):
            self.say.no_choice(option, following)
        else:
            return False
        self.index = end
        self._set(option, [Written(value, word.span.to(self.items[end - 1].span))])
        self.by_name.add(option.name)
        if self._value_of(self.items[end - 1]) is not None:
            self.order.take(option, end)
        return True

    def _negation(self, word: tree.Word) -> None:
        following = self.items[self.index] if self.index < len(self.items) else None
        option = self.by_word.get(following.text.lower()) if isinstance(following, tree.Word) else None
        if option is None or option.type is not OptionType.FLAG or following is None:
            self.say.negates_nothing(word)
            self.index += isinstance(following, tree.Word)
            return
        self.index += 1
        self._set(option, [Written(False, word.span.to(following.span))])
        self.by_name.add(option.name)


def _is_over(item: Item) -> bool:
    return isinstance(item, tree.Mark) and item.text == "/"
