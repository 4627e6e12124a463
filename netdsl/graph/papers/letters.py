"""What the letters of a layer mean: F and K in the notes of CS231n, k, n, s and p in figures."""

from __future__ import annotations

from typing import Any

from netdsl.graph.papers.names import glued
from netdsl.graph.papers.vocabulary import TwoWays, Vocabulary, is_bare
from netdsl.layers.option import Option
from netdsl.source import Span
from netdsl.syntax import tree

WIDEST = 11
"""The largest kernel that papers write without saying so: AlexNet's."""


def letters_of(items: tuple[tree.Item, ...], words: Vocabulary) -> dict[str, Option[Any]]:
    """What the letters of a layer mean; raises TwoWays where two of them could mean the same.

    K counts the filters and F is their extent, as in the notes of CS231n; k, in lower case, is the kernel.
    """
    written: dict[str, tuple[Span, str]] = {}
    for index, item in enumerate(items):
        if not isinstance(item, tree.Word) or item.text in words.numbers or words.knows(item.text):
            continue
        apart = glued(item.text)
        name = apart.name if apart is not None and apart.extents and not apart.number else item.text
        following = items[index + 1] if index + 1 < len(items) else None
        valued = isinstance(following, tree.Mark) and following.text in "=:"
        if name in words.by_letter and (apart is not None or valued or words.is_value(following)):
            value = _value_behind(items, index) if apart is None else None
            number = apart.extents if apart is not None else value.text if value is not None else ""
            written[name] = item.span.to(value.span) if value is not None else item.span, number
    meant = {letter: words.by_letter[letter] for letter in written}
    owners: dict[str, str] = {}
    for letter, option in meant.items():
        other = owners.get(option.name, "")
        one, two = written[other][1] if other else "", written[letter][1]
        counts = words.count is not None and option in (words.count, words.size)
        if counts and one.isdecimal() and two.isdecimal():
            span = written[other][0].to(written[letter][0])
            readings = ((f"{one} filters of {two}x{two}", ""), (f"{two} filters of {one}x{one}", ""))
            raise TwoWays(span, *readings)
        owners[option.name] = letter
    _check_counted(items, words, meant, written)
    return meant


def _check_counted(
    items: tuple[tree.Item, ...],
    words: Vocabulary,
    meant: dict[str, Option[Any]],
    written: dict[str, tuple[Span, str]],
) -> None:
    """``64 filters K=3`` and ``F=64 K=3``: the letter of the filters where it may be that of the kernel."""
    counting = next((letter for letter, option in meant.items() if option is words.count), None)
    sizing = next((letter for letter, option in meant.items() if option is words.size), None)
    if counting is None or words.size is None:
        return
    letter_span, number = written[counting]
    if sizing is not None:
        extent = written[sizing][1]
        sizes = number.isdecimal() and extent.isdecimal()
        if sizes and int(extent[:9]) > WIDEST and int(extent[:9]) > int(number[:9]):
            span = letter_span.to(written[sizing][0])
            here, there = f"{number} filters of {extent}x{extent}", f"{extent} filters of {number}x{number}"
            raise TwoWays(span, (here, ""), (there, ""))
        return
    others = [item for at, item in enumerate(items) if is_bare(items, at, words, letters=meant)]
    counted = [item for item in others if isinstance(item, tree.Number)]
    sized = [item for item in others if isinstance(item, tree.Extents)]
    named = any(words.option_of(item) is words.count for item in items)
    if (counted or named) and not sized and number.isdecimal():
        raise TwoWays(letter_span, (f"kernel {number}", "the extent of a filter"), (f"filters {number}", ""))


def _value_behind(items: tuple[tree.Item, ...], index: int) -> tree.Value | None:
    for item in items[index + 1 : index + 3]:
        if isinstance(item, tree.Number | tree.Extents):
            return item
    return None
