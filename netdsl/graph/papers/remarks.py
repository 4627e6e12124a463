"""Values in parentheses behind a kind: ``maxpool (2x2)``, ``FC (4096)``. Parentheses that hold anything else
are a remark."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from netdsl.graph.papers.glance import may_hold_options
from netdsl.graph.papers.names import glued
from netdsl.graph.papers.vocabulary import Vocabulary
from netdsl.layers.option import Option
from netdsl.source import Span
from netdsl.syntax import tree

_PARTS = re.compile(
    r"(?P<size>[0-9]+(?:[ \t]*[xX×][ \t]*[0-9]+)+)"
    r"|(?P<number>[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?[ \t]?%?)(?![\w.])"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<mark>[,=:/])|[ \t]+|(?P<other>.)"
)


def values_in_remark(layer: tree.Layer, words: Vocabulary) -> tuple[tree.Item, ...]:
    """The options in the remark of a layer; empty where it holds anything that is none."""
    start = layer.span.end - len(layer.remark) + 1
    items = tuple(_items(layer.remark[1:-1], start))
    said = all(
        words.knows(item.text) or item.text in words.by_letter or item.text[:1] in words.by_letter
        for item in items
        if isinstance(item, tree.Word)
    )
    valued = any(isinstance(item, tree.Number | tree.Extents) for item in items)
    return items if said and valued else ()


def options_in_remark(layer: tree.Layer, items: tuple[tree.Item, ...], words: Vocabulary) -> bool:
    """Whether a remark holds options, with their words, that the layer does not have: ``(stride 2)``."""
    return _adds_options(layer.remark, {_option(item, words) for item in items}, words)


def is_reported(remark: str, written: Collection[str], words: Vocabulary) -> bool:
    """Whether the remark of a layer has a finding for its options: the layer has those ``written``."""
    if not may_hold_options(remark):
        return False
    if written:
        return _adds_options(remark, {words.kind.options()[name] for name in written}, words)
    span = Span(0, len(remark))
    positional = any(option.positional for option in words.kind.options().values())
    return positional and bool(values_in_remark(tree.Layer(None, (), False, (), remark, span), words))


def _adds_options(remark: str, said: Collection[Option[Any] | None], words: Vocabulary) -> bool:
    held = tuple(_items(remark[1:-1], 0))
    if not all(
        words.knows(item.text) or words.values(item.text) for item in held if isinstance(item, tree.Word)
    ):
        return False
    options = {_option(item, words) for item in held} - {None}
    return bool(options - {*said}) and options.isdisjoint((words.count, words.size))


def _option(item: tree.Item, words: Vocabulary) -> Option[Any] | None:
    if isinstance(item, tree.Mark | tree.Sign) and item.text == "/":
        return words.stride
    if not isinstance(item, tree.Word) or item.text in words.numbers:
        return None
    if item.text.lower() in ("same", "valid"):
        return words.by_word.get("pad")
    apart = glued(item.text)
    name = apart.name if apart is not None else item.text
    return words.option_of(item) or words.by_letter.get(name) or words.by_word.get(name.lower())


def _items(text: str, start: int) -> Iterator[tree.Item]:
    for found in _PARTS.finditer(text):
        kind = found.lastgroup
        span = Span(start + found.start(), start + found.end())
        if kind == "size":
            yield tree.Extents(found[0], span)
        elif kind == "number":
            yield tree.Number(found[0].strip(), span)
        elif kind == "mark":
            yield tree.Mark(found[0], span)
        elif kind is not None:
            yield tree.Word(found[0], span)
