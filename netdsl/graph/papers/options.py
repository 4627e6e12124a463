"""The options of a copied layer in the words of its kind: ``s2`` is `stride 2`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from netdsl.graph.expressions.values import without_percent
from netdsl.graph.papers.letters import letters_of
from netdsl.graph.papers.names import glued
from netdsl.graph.papers.vocabulary import Vocabulary
from netdsl.layers.option import Option, OptionType
from netdsl.source import Span
from netdsl.syntax import tree


def in_words(items: tuple[tree.Item, ...], words: Vocabulary) -> tuple[tree.Item, ...]:
    """The options with letters, glued numbers, percentages and strides behind a size in our words."""
    items = _words_first(items, words)
    found: list[tree.Item] = []
    items = _own_letters(items, words)
    letters = letters_of(items, words)
    for index, item in enumerate(items):
        following = items[index + 1] if index + 1 < len(items) else None
        if isinstance(item, tree.Word):
            found += _word(item, words, letters)
        elif isinstance(item, tree.Mark):
            before = items[index - 1] if index else None
            if not _idle_mark(item, before, following, words):
                found.append(item)
        elif isinstance(item, tree.Sign):
            if item.text != "/" or not _is_idle(following, words):  # `Conv dw/s1`
                found.append(_sign(item, following, found, words))
        elif isinstance(item, tree.Number) and item.text.endswith("%"):
            found.append(tree.Number(without_percent(item.text), item.span))
        else:
            found.append(item)
    return tuple(found)


def _words_first(items: tuple[tree.Item, ...], words: Vocabulary) -> tuple[tree.Item, ...]:
    """``stride 4`` of ``, 4 stride,``, where both stand between commas."""
    found = list(items)
    for index in range(1, len(items) - 1):
        option = words.option_of(items[index + 1])
        if option is None or option.positional or not words.is_value(items[index]):
            continue
        behind = items[index + 2] if index + 2 < len(items) else None
        if _is_comma(items[index - 1]) and (behind is None or _is_comma(behind)):
            found[index : index + 2] = [items[index + 1], items[index]]
    return tuple(found)


def _is_comma(item: tree.Item) -> bool:
    return isinstance(item, tree.Mark) and item.text == ","


def _own_letters(items: tuple[tree.Item, ...], words: Vocabulary) -> tuple[tree.Item, ...]:
    """The options of ``s=s`` where a number is called `s`, too: before `=` nothing else can be meant."""
    found = list(items)
    for index, (item, mark) in enumerate(pairwise(items)):
        named = isinstance(item, tree.Word) and item.text in words.numbers and item.text in words.by_letter
        if named and isinstance(mark, tree.Mark) and mark.text == "=":
            option = words.by_letter[item.text]  # type: ignore[union-attr]
            found[index] = tree.Word(option.words[0], item.span)
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
    span = Span(word.span.end - len(written), word.span.end)
    value = tree.Extents if "x" in written else tree.Number
    name = tree.Word(option.words[0], Span(word.span.start, span.start))
    return [name, value(written, span)]


def _idle_mark(
    mark: tree.Mark, before: tree.Item | None, following: tree.Item | None, words: Vocabulary
) -> bool:
    """The `=` of ``S=2``, and the `/` of ``/ s1`` before a word of the stride."""
    if mark.text in "=:":
        letter = isinstance(before, tree.Word) and before.text not in words.numbers
        return letter and before.text in words.by_letter and not words.knows(before.text)  # type: ignore[union-attr]
    return mark.text == "/" and _is_idle(following, words)


def _is_idle(following: tree.Item | None, words: Vocabulary) -> bool:
    """Whether a `/` before this means nothing: the stride has its own word or letter."""
    if not isinstance(following, tree.Word) or following.text in words.numbers:
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
