"""What can be seen of a layer at a glance: whether papers write anything as it stands there."""

from __future__ import annotations

from functools import cache

from netdsl.graph.names.kinds_and_labels import option_words
from netdsl.graph.papers.names import SEPARABLE
from netdsl.layers.registry import (
    kind_named,
    modules_by_name,
    names_alone,
    names_stepping,
    plain_name,
    short_names,
)
from netdsl.syntax import tree


def is_values_first(layer: tree.Layer) -> bool:
    """``4096 neurons``."""
    return bool(layer.items and layer.words) and layer.items[0].span.start < layer.words[0].span.start


def is_plain(layer: tree.Layer, numbers: frozenset[str]) -> bool:
    """Whether a layer holds nothing that our words do not have, seen at a glance."""
    words, items = layer.words, layer.items
    if not words or (layer.claim is not None and "@" in layer.claim.value.text):
        return False
    if items and items[0].span.start < words[0].span.start:
        more = len(items) > 1 and items[1].span.start < words[0].span.start
        if more or isinstance(items[0], tree.Number):
            return False
    if layer.remark and items and may_hold_options(layer.remark):
        return False
    if any(_names_option(item, index, layer, numbers) for index, item in enumerate(items)):
        return False
    name = plain_name(words[0].text)
    first = words[0].text
    if name in _firsts() or not first.isascii() or "-" in first or _sized(first):
        return False
    if not items and (layer.remark or (layer.claim is None and name in names_alone())):
        if words[-1].text == "global" and not (layer.labelled or layer.remark) and _is_pool(words[:-1]):
            return True
        return layer.labelled and not (name == "INPUT" and layer.remark)
    if "=" in layer.remark:
        return False
    kind = items[0] if layer.labelled and items else words[0]
    behind = items[1:] if layer.labelled else items
    if isinstance(kind, tree.Word) and plain_name(kind.text) in names_alone() and _steps_alone(behind):
        return False
    if layer.labelled and len(items) <= 3 and all(isinstance(item, tree.Word) for item in items):
        if items and plain_name(items[0].text) in names_alone():  # type: ignore[union-attr]
            return False
        if len(items) > 1 or layer.remark:
            return False  # `last: global average pool`
    if name == "INPUT" and (len(words) > 1 or any(isinstance(item, tree.Word) for item in items)):
        return False
    whole = len(words) > 1 and plain_name(" ".join(word.text for word in words)) in modules_by_name()
    if not whole and not all(_is_plain_word(word, numbers) for word in words[1:]):
        return False
    pads = any(isinstance(item, tree.Word) and item.text == "pad" for item in items)
    if pads and _is_written_out(layer, numbers):
        return True
    known = whole or name in _firsts_of_kinds() or name.rstrip("0123456789") in _firsts_of_kinds()
    if not known and not layer.labelled:
        return bool(len(name) > 1 and not name[1:].isdecimal())
    return all(_is_plain_item(item, index, layer, numbers) for index, item in enumerate(items))


def _is_plain_word(word: tree.Word, numbers: frozenset[str]) -> bool:
    text = word.text
    if text in numbers:
        return True
    if len(text) == 1:
        return text == "a"
    return (
        text.isalpha() and plain_name(text) not in modules_by_name() and plain_name(text) not in short_names()
    )


def _is_plain_item(item: tree.Item, index: int, layer: tree.Layer, numbers: frozenset[str]) -> bool:
    if isinstance(item, tree.Word):
        if plain_name(item.text) in _firsts():
            return False
        first = layer.labelled and index == 0 and plain_name(item.text) in modules_by_name()
        return first or _is_plain_word(item, numbers)
    if isinstance(item, tree.Number):
        return not item.text.endswith("%")
    if isinstance(item, tree.Extents):
        return "@" not in item.text and item.text.count("x") < 3
    if isinstance(item, tree.Mark):
        following = layer.items[index + 1] if index + 1 < len(layer.items) else None
        return item.text != "/" or not isinstance(following, tree.Word) or following.text in numbers
    return isinstance(item, tree.Table | tree.Range)


def _is_written_out(layer: tree.Layer, numbers: frozenset[str]) -> bool:
    """Whether a layer is a kind with nothing but its own options behind it: `pad 1` is its padding then, and
    not the layer PAD."""
    words, items = layer.words, layer.items
    name = " ".join([word.text for word in words[:_LONGEST_NAME]])
    kind = kind_named(name) or kind_named(words[0].text)
    if kind is None or layer.labelled or layer.remark or items[0].span.start < words[-1].span.start:
        return False
    rest = words[1:] if kind_named(name) is None else words[_LONGEST_NAME:]
    own = option_words(kind)
    if any(word.text not in own and word.text not in numbers for word in rest):
        return False
    before: tree.Item | None = None
    for item in items:
        valued = isinstance(before, tree.Number | tree.Extents)
        if isinstance(item, tree.Word):
            known = item.text in own or item.text in numbers or item.text in ("at", "no")
        elif isinstance(item, tree.Mark):
            known = item.text == "," and valued
        elif isinstance(item, tree.Extents):
            known = item.text.count("x") == 1
        else:
            known = isinstance(item, tree.Number) and not item.text.endswith("%")
        pads = isinstance(before, tree.Word) and before.text == "pad"
        if not known or (pads and not isinstance(item, tree.Number | tree.Extents)):
            return False
        before = item
    return not isinstance(before, tree.Mark) and not (
        isinstance(before, tree.Word) and (before.text not in own or before.text == "pad")
    )


_LONGEST_NAME = 2
"""Words of the name of a kind that is written out."""


def _is_pool(words: tuple[tree.Word, ...]) -> bool:
    """Whether words name a kind that has `global`."""
    kind = kind_named(" ".join(word.text for word in words))
    return kind is not None and "global" in option_words(kind)


def _steps_alone(items: tuple[tree.Item, ...]) -> bool:
    """``maxpool /2``."""
    marks = [item.text for item in items if isinstance(item, tree.Mark)]
    return "/" in marks and all(isinstance(item, tree.Mark | tree.Number) for item in items)


def _names_option(item: tree.Item, index: int, layer: tree.Layer, numbers: frozenset[str]) -> bool:
    """``s=s`` in a block with a parameter `s`: the first one is the letter of the stride."""
    if not isinstance(item, tree.Mark) or item.text != "=":
        return False
    before = layer.items[index - 1] if index else layer.words[-1]
    return isinstance(before, tree.Word) and before.text in numbers


def may_hold_options(remark: str) -> bool:
    """``(stride 2)`` and ``(same)``."""
    return any(sign.isdigit() for sign in remark) or remark[1:-1].strip().lower() in ("same", "valid")


def _sized(word: str) -> bool:
    """``conv3x3``."""
    return "x" in word.lower() and any(sign.isdigit() for sign in word)


@cache
def _firsts() -> frozenset[str]:
    """The first words of names that mean more than a kind."""
    return frozenset(name.split()[0] for name in (*SEPARABLE, *short_names())) | names_stepping()


@cache
def _firsts_of_kinds() -> frozenset[str]:
    return frozenset(name.split()[0] for name in modules_by_name())
