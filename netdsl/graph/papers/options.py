"""The options of a copied layer in the words of its kind: ``s2`` is `stride 2`."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any, NamedTuple

from netdsl.graph.options import FILLERS
from netdsl.graph.paddings import PADDINGS, ZERO
from netdsl.graph.papers.names import glued
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.quantities import Padding
from netdsl.source import Span
from netdsl.syntax import tree

COUNTS = (OptionType.COUNT, OptionType.INDEX, OptionType.REAL)
_SAID = frozenset((*FILLERS, *PADDINGS, *Padding._fields, ZERO, "no", "without"))
WIDEST = 11
"""The largest kernel that papers write without saying so: AlexNet's."""


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


def in_words(items: tuple[tree.Item, ...], words: Vocabulary) -> tuple[tree.Item, ...]:
    """The options with letters, glued numbers, percentages and strides behind a size in our words."""
    found: list[tree.Item] = []
    letters = _letters(items, words)
    for place, item in enumerate(items):
        following = items[place + 1] if place + 1 < len(items) else None
        if isinstance(item, tree.Word):
            found += _word(item, words, letters)
        elif isinstance(item, tree.Mark):
            before = items[place - 1] if place else None
            if not _idle_mark(item, before, following, words):
                found.append(item)
        elif isinstance(item, tree.Sign):
            found.append(_sign(item, following, found, words))
        elif isinstance(item, tree.Number) and item.text.endswith("%"):
            found.append(tree.Number(_share(item.text), item.span))
        else:
            found.append(item)
    return tuple(found)


def _word(word: tree.Word, words: Vocabulary, letters: dict[str, Option[Any]]) -> list[tree.Item]:
    if word.text in words.numbers or words.knows(word.text):
        return [word]
    if word.text in letters:
        return [tree.Word(letters[word.text].words[0], word.span)]
    apart = glued(word.text)
    if apart is None or (apart.extents and apart.number):
        return [word]
    option = letters.get(apart.name) or words.by_word.get(apart.name.lower())
    if option is None or option.type is OptionType.FLAG:
        return [word]
    written = apart.extents or apart.number  # `s2`, `stride-2`
    place = Span(word.span.end - len(written), word.span.end)
    value = tree.Extents if "x" in written else tree.Number
    name = tree.Word(option.words[0], Span(word.span.start, place.start))
    return [name, value(written, place)]


def _letters(items: tuple[tree.Item, ...], words: Vocabulary) -> dict[str, Option[Any]]:
    """What the letters of a layer mean; raises TwoWays where two of them could mean the same.

    K counts the filters and F is their extent, as in the notes of CS231n; k, in lower case, is the kernel.
    """
    written: dict[str, tuple[tree.Word, str]] = {}
    for place, item in enumerate(items):
        if not isinstance(item, tree.Word) or item.text in words.numbers or words.knows(item.text):
            continue
        apart = glued(item.text)
        name = apart.name if apart is not None and apart.extents and not apart.number else item.text
        following = items[place + 1] if place + 1 < len(items) else None
        valued = isinstance(following, tree.Mark) and following.text in "=:"
        if name in words.by_letter and (apart is not None or valued or words.is_value(following)):
            written[name] = item, apart.extents if apart is not None else _value_behind(items, place)
    meant = {letter: words.by_letter[letter] for letter in written}
    owners: dict[str, str] = {}
    for letter, option in meant.items():
        if option.name in owners:
            other = owners[option.name]
            span = written[other][0].span.to(written[letter][0].span)
            one, two = written[other][1] or "3", written[letter][1] or "3"
            readings = ((f"{one} filters of {two}x{two}", ""), (f"{two} filters of {one}x{one}", ""))
            raise TwoWays(span, *readings)
        owners[option.name] = letter
    _check_counted(items, words, meant, written)
    return meant


def _check_counted(
    items: tuple[tree.Item, ...],
    words: Vocabulary,
    meant: dict[str, Option[Any]],
    written: dict[str, tuple[tree.Word, str]],
) -> None:
    """``64 filters K=3`` and ``F=64 K=3``: the letter of the filters where it may be that of the kernel."""
    counting = next((letter for letter, option in meant.items() if option is words.count), None)
    sizing = next((letter for letter, option in meant.items() if option is words.size), None)
    if counting is None or words.size is None:
        return
    word, number = written[counting]
    if sizing is not None:
        extent = written[sizing][1]
        sizes = number.isdecimal() and extent.isdecimal()
        if sizes and int(extent[:9]) > WIDEST and int(extent[:9]) > int(number[:9]):
            span = word.span.to(written[sizing][0].span)
            here, there = f"{number} filters of {extent}x{extent}", f"{extent} filters of {number}x{number}"
            raise TwoWays(span, (here, ""), (there, ""))
        return
    others = [item for place, item in enumerate(items) if is_bare(items, place, words, letters=meant)]
    counted = [item for item in others if isinstance(item, tree.Number)]
    sized = [item for item in others if isinstance(item, tree.Extents)]
    named = any(words.option_of(item) is words.count for item in items)
    if (counted or named) and not sized and number.isdecimal():
        raise TwoWays(word.span, (f"kernel {number}", "the extent of a filter"), (f"filters {number}", ""))


def _value_behind(items: tuple[tree.Item, ...], place: int) -> str:
    for item in items[place + 1 : place + 3]:
        if isinstance(item, tree.Number | tree.Extents):
            return item.text
    return ""


def is_bare(
    items: tuple[tree.Item, ...], place: int, words: Vocabulary, letters: Container[str] = ()
) -> bool:
    """Whether a value stands there that no word before it takes."""
    if not isinstance(items[place], tree.Number | tree.Extents):
        return False
    place -= 1
    while place >= 0 and _passes(items[place]):
        place -= 1
    before = items[place] if place >= 0 else None
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
    own = place > 0 and words.is_value(items[place - 1]) and option.positional
    return own and is_bare(items, place - 1, words, letters)


def _passes(item: tree.Item) -> bool:
    if isinstance(item, tree.Mark):
        return item.text in "=:"
    return isinstance(item, tree.Word) and item.text.lower() in FILLERS


def _idle_mark(
    mark: tree.Mark, before: tree.Item | None, following: tree.Item | None, words: Vocabulary
) -> bool:
    """The `=` of ``S=2``, and the `/` of ``/ s1`` before a word of the stride."""
    if mark.text in "=:":
        letter = isinstance(before, tree.Word) and before.text not in words.numbers
        return letter and before.text in words.by_letter and not words.knows(before.text)  # type: ignore[union-attr]
    if mark.text != "/" or not isinstance(following, tree.Word) or following.text in words.numbers:
        return False
    apart = glued(following.text)
    name = apart.name if apart is not None else following.text
    option = words.by_letter.get(name) or words.by_word.get(name.lower())
    return option is not None and option is words.stride


def _sign(
    sign: tree.Sign, following: tree.Item | None, found: list[tree.Item], words: Vocabulary
) -> tree.Item:
    """The `/` of ``maxpool/2`` and ``3x3/2``, where nothing stands that could be divided."""
    divides = bool(found) and not isinstance(found[-1], tree.Extents | tree.Mark)
    if sign.text != "/" or divides or words.stride is None or not words.is_value(following):
        return sign
    return tree.Word("stride", sign.span)


def _share(text: str) -> str:
    """``0.5`` of ``50%``, without what binary fractions leave."""
    from fractions import Fraction

    number = Fraction(text[:-1].strip().replace(",", "")) / 100 if len(text) <= 40 else Fraction(0)
    return f"{float(number):.12g}"


class Bare(NamedTuple):
    """The values of a layer that no word takes."""

    numbers: list[tree.Number]
    sizes: list[tree.Extents]


def bare_values(items: tuple[tree.Item, ...], words: Vocabulary) -> Bare:
    found = [item for place, item in enumerate(items) if is_bare(items, place, words)]
    signs = [item.span for item in items if isinstance(item, tree.Sign)]
    starts, ends = {sign.start for sign in signs}, {sign.end for sign in signs}

    def calculated(span: Span) -> bool:
        return span.end in starts or span.end + 1 in starts or span.start in ends or span.start - 1 in ends

    numbers = [item for item in found if isinstance(item, tree.Number) and not calculated(item.span)]
    return Bare(numbers, [item for item in found if isinstance(item, tree.Extents)])


def sizes_of_products(items: tuple[tree.Item, ...], words: Vocabulary) -> tuple[tree.Item, ...]:
    """``64, 3*3``: a product of two written numbers is a size, where the kind lacks one and has its count.

    Elsewhere it is arithmetic, as it is everywhere in the language.
    """
    if words.size is None:
        return items
    bare = bare_values(items, words)
    given = any(words.option_of(item) is words.size for item in items)
    counted = words.count is None or bare.numbers or _has(items, words, words.count)
    if given or not counted or bare.sizes:
        return items
    for start, end in _products(items):
        if not is_bare(items, start, words):
            continue
        text = "x".join(item.text for item in items[start:end:2])  # type: ignore[union-attr]
        span = items[start].span.to(items[end - 1].span)
        return (*items[:start], tree.Extents(text, span), *items[end:])
    return items


def _has(items: tuple[tree.Item, ...], words: Vocabulary, option: Option[Any]) -> bool:
    return any(words.option_of(item) is option for item in items)


def _products(items: tuple[tree.Item, ...]) -> Iterator[tuple[int, int]]:
    """The places of ``3*3`` and ``3*3*64``: whole numbers with `*` between them, and no other sign beside."""
    place = 0
    while place < len(items):
        end = place
        while (
            end + 2 < len(items)
            and _is_whole(items[end])
            and _is_sign(items[end + 1], "*")
            and _is_whole(items[end + 2])
        ):
            end += 2
        before = items[place - 1] if place else None
        behind = items[end + 1] if end + 1 < len(items) else None
        alone = not isinstance(before, tree.Sign) and not isinstance(behind, tree.Sign)
        if end > place and alone and (end - place) // 2 <= 2:
            yield place, end + 1
        place = end + 1


def _is_whole(item: tree.Item) -> bool:
    return isinstance(item, tree.Number) and item.text.isdecimal()


def _is_sign(item: tree.Item, sign: str) -> bool:
    return isinstance(item, tree.Sign) and item.text == sign


def multiplied_sizes(
    items: tuple[tree.Item, ...], words: Vocabulary
) -> Iterator[tuple[tree.Word, str, Span, str]]:
    """``kernel 3*3``, where a size would be meant: the word, the product, its place, and the size."""
    for start, end in _products(items):
        place = start - 1
        while place >= 0 and _passes(items[place]):
            place -= 1
        option = words.option_of(items[place]) if place >= 0 else None
        if option is not None and option.type in (OptionType.SIZE, OptionType.PADDING) and end - start == 3:
            numbers = [item.text for item in items[start:end:2]]  # type: ignore[union-attr]
            word = items[place]
            assert isinstance(word, tree.Word)
            yield word, "*".join(numbers), items[start].span.to(items[end - 1].span), "x".join(numbers)


def with_fourth(items: tuple[tree.Item, ...], words: Vocabulary) -> tuple[tree.Item, ...]:
    """``3x3x3x32`` as MobileNet's table has it: 32 filters of 3x3x3."""
    if words.count is None or words.size is None or not words.size.third:
        return items
    found: list[tree.Item] = []
    for item in items:
        parts = item.text.lower().replace("×", "x").split("x") if isinstance(item, tree.Extents) else []
        if len(parts) == 4 and "@" not in item.text:  # type: ignore[union-attr]
            found.append(tree.Extents("x".join(part.strip() for part in parts[:3]), item.span))
            found.append(tree.Number(parts[3].strip(), item.span))
        else:
            found.append(item)
    return tuple(found)


class Maps(NamedTuple):
    """``6@28x28``: how many, and how large."""

    number: str
    size: str
    span: Span

    @property
    def volume(self) -> str:
        return f"{self.size}x{self.number}"


def maps_of(item: tree.Item) -> Maps | None:
    """What ``6@28x28`` says; None for anything else."""
    if not isinstance(item, tree.Extents) or "@" not in item.text:
        return None
    number, _, size = item.text.partition("@")
    parts = [part.strip() for part in size.lower().replace("×", "x").split("x")]
    return Maps(number.strip(), "x".join(parts), item.span)


def without_maps(
    items: tuple[tree.Item, ...], words: Vocabulary
) -> tuple[tuple[tree.Item, ...], Maps | None]:
    """The options, ``64@3x3`` as filters and their size; and the maps that are the volume of the layer.

    They are the volume where a kernel stands beside them, or where the kind takes no number of filters. As
    filters they are small and odd; what is neither can be read in two ways.
    """
    places = [place for place, item in enumerate(items) if maps_of(item) is not None]
    if len(places) != 1:
        return items, None  # two of them are two volumes
    (place,) = places
    maps = maps_of(items[place])
    assert maps is not None
    others = (*items[:place], *items[place + 1 :])
    if words.count is None or words.size is None or words.count.type is not OptionType.COUNT:
        return others, maps
    bare = bare_values(others, words)
    if bare.sizes or _has(others, words, words.size):
        counted = bare.numbers or _has(others, words, words.count)
        count = () if counted else (tree.Number(maps.number, maps.span),)
        return (*others[:place], *count, *others[place:]), maps
    if all(
        extent.isdecimal() and int(extent[:9]) % 2 and int(extent[:9]) <= WIDEST
        for extent in maps.size.split("x")
    ):
        value = (tree.Number(maps.number, maps.span), tree.Extents(maps.size, maps.span))
        return (*items[:place], *value, *items[place + 1 :]), None
    name = words.kind.keyword
    raise TwoWays(
        maps.span,
        (f"{name} {maps.number} {maps.size}", "the filters and their size"),
        (f"[{maps.volume}] {name} {maps.number} 5x5", "the volume that they make, and a kernel of its own"),
    )
