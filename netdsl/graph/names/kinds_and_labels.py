"""Reads the beginning of a layer: which kind it is, what it is called, and which words are left.

``MAX POOL1: 3x3 filters`` is a kind with a number for a label; ``enc1: CONV 64 3x3`` is a name
before a kind; ``CONV 64 3x3`` has no label. What remains keeps the order in which it is written, so
that a size before the kind is never behind a word that stands behind the kind.
"""

from __future__ import annotations

import re
from collections.abc import Container
from fractions import Fraction
from typing import NamedTuple

from netdsl.graph.expanded_layers import LayerHead
from netdsl.graph.expressions.coercion import extents
from netdsl.graph.expressions.values import ExactNumber, ExactSize, Item, Number
from netdsl.graph.names.unique_names import label_of
from netdsl.graph.options.assignment import FILLERS
from netdsl.layers.layer import Layer
from netdsl.layers.option import OptionType
from netdsl.layers.registry import kind_named
from netdsl.quantities import count_from_text
from netdsl.source import Span
from netdsl.syntax import tree

_NUMBERED = re.compile(r"(.*[A-Za-z])[_ ]?[0-9]+(?:_[0-9]+)*[a-z]?\Z", re.DOTALL)


class _Prefix(NamedTuple):
    kind: type[Layer]
    written: str
    length: int
    numbered: bool


def _kind_prefix(words: tuple[tree.Word, ...], numbers: bool = True) -> _Prefix | None:
    """The longest run of leading words that names a kind, a trailing number aside."""
    for length in range(min(len(words), 4), 0, -1):
        text = " ".join(word.text for word in words[:length])
        kind = kind_named(text)
        if kind is not None:
            return _Prefix(kind, text, length, False)
        if _DIMENSIONS.search(text):
            kind = kind_named(text[:-2])
            if kind is not None and text[-2] == "2" and _is_planar(kind):
                return _Prefix(kind, text, length, False)
            continue
        match = _NUMBERED.match(text) if numbers else None
        kind = kind_named(match.group(1)) if match else None
        if kind is not None and match is not None:
            return _Prefix(kind, match.group(1), length, True)
    return None


_DIMENSIONS = re.compile(r"[A-Za-z][123][dD]\Z")
"""``MaxPool2d`` of PyTorch is no label: the number is that of its dimensions."""


def _is_planar(kind: type[Layer]) -> bool:
    """Whether a kind with 2d behind it is the same: a window, or a normalisation, but no dropout."""
    return "kernel" in kind.options() or kind.normalises


_option_words: dict[type[Layer], frozenset[str]] = {}
_valued: dict[type[Layer], frozenset[str]] = {}


def option_words(kind: type[Layer]) -> frozenset[str]:
    """The words that introduce an option of a kind, or choose one alone, and its fillers, in lower case."""
    if kind not in _option_words:
        options = kind.options().values()
        words = {word.lower() for option in options for word in option.words}
        words |= {choice for option in options if option.bare for choice in option.choices}
        _option_words[kind] = frozenset(words | {filler.lower() for filler in kind.fillers})
    return _option_words[kind]


def _valued_words(kind: type[Layer]) -> frozenset[str]:
    """The words of a kind's options that a value follows, in lower case."""
    if kind not in _valued:
        valued = (option for option in kind.options().values() if option.type is not OptionType.FLAG)
        _valued[kind] = frozenset(word.lower() for option in valued for word in option.words)
    return _valued[kind]


def read_head(layer: tree.Layer, names: Container[str] = ()) -> LayerHead:
    """Find the kind and the label of a layer; ``names`` are those that the file gives to numbers."""
    if layer.noted:
        return _noted(layer)
    head = _labelled(layer) if layer.labelled else _unlabelled(layer)
    return _refined(head, names) if head.kind else head


def names_group(join: tree.Join, kind: type[Layer] | None) -> bool:
    """Whether a word before brackets names a group, `stage1: [...]`: also one that is a kind of layer
    otherwise, as `shuffle: [...]`, but no kind of several volumes."""
    alone = join.layer.labelled and not join.layer.items and len(join.branches) == 1
    return alone and (kind is None or kind.inputs == 1)


_NOTED = re.compile(r"([a-z]+)([0-9]*)-?([0-9]*)", re.IGNORECASE)


def _noted(layer: tree.Layer) -> LayerHead:
    """``CONV3-64`` is 64 filters of 3x3 at stride 1 that keep the extents, ``POOL2`` 2x2 at stride 2;
    ``FC`` has as many neurons as its volume has channels. None of them is a label."""
    (word,) = layer.words
    match = _NOTED.match(word.text)
    assert match is not None
    name, extent, filters = match.groups()
    kind = kind_named(name)
    span = word.span
    values: list[Item] = []
    if filters:
        values.append(_number(filters, span))
    if extent:
        side = count_from_text(extent)
        values.append(ExactSize((side, side), span) if side is not None else tree.Extents(extent, span))
        if filters:
            values += [tree.Word("pad", span), _keeping(side, span)]
        else:
            values += [tree.Word("stride", span), _number(extent, span)]
    if kind is not None and kind.has_weights and not extent and layer.claim is not None:
        stated = layer.claim.value
        channels = extents(stated)
        values.append(
            ExactNumber(Fraction(channels[-1]), stated.span)
            if channels is not None
            else tree.Number(stated.text, stated.span)  # whoever reads it says what is wrong with it
        )
    return LayerHead(kind, "", name, span, (), values=tuple(values))


def _number(digits: str, span: Span) -> Number:
    """A number that is part of a word; as a token where it is too long to be meant, which is reported."""
    number = count_from_text(digits)
    return ExactNumber(Fraction(number), span) if number is not None else tree.Number(digits, span)


def _keeping(side: int | None, span: Span) -> Item:
    """The padding with which a filter keeps the extents."""
    if side is None or side % 2 == 0:
        return tree.Word("same", span)
    return ExactNumber(Fraction(side // 2), span)


def _words_span(words: tuple[tree.Word, ...]) -> Span:
    return words[0].span.to(words[-1].span)


def _unlabelled(layer: tree.Layer) -> LayerHead:
    prefix = _kind_prefix(layer.words)
    if prefix is None:
        return _option_first(layer) or LayerHead(None, "", layer.words[0].text, layer.words[0].span, ())
    used = layer.words[: prefix.length]
    label = label_of(used) if prefix.numbered else ""
    leading, items = _leading_size(layer)
    rest = (*leading, *layer.words[prefix.length :], *items)
    return LayerHead(prefix.kind, label, prefix.written, _words_span(used), rest)


def _leading_size(layer: tree.Layer) -> tuple[tuple[tree.Item, ...], tuple[tree.Item, ...]]:
    """The size before the words of a layer, ``7x7 conv stride 2``, and the items behind them."""
    leads = bool(layer.items) and layer.items[0].span.start < layer.words[0].span.start
    return layer.items[:leads], layer.items[leads:]


def _option_first(layer: tree.Layer) -> LayerHead | None:
    """``GLOBAL AVG POOL``: a word of the kind's options may stand before the kind, if it takes no
    value: that would stand behind the kind."""
    first, *others = layer.words
    prefix = _kind_prefix(tuple(others)) if others else None
    switch = first.text.lower()
    if prefix is None or switch not in option_words(prefix.kind) or switch in _valued_words(prefix.kind):
        return None
    head = _unlabelled(layer._replace(words=tuple(others)))
    return head._replace(rest=(first, *head.rest))


def _labelled(layer: tree.Layer) -> LayerHead:
    label = label_of(layer.words)
    prefix = _kind_prefix(layer.words) or _first_part(layer.words[0])
    bare = prefix is not None and prefix.length == len(layer.words) and not prefix.numbered
    inner = _kind_behind(layer, label, prefix)
    if inner is not None:
        return inner
    if prefix is None:
        return LayerHead(None, label, label, _words_span(layer.words), ())
    if 0 < prefix.length < len(layer.words) and layer.words[-1].text.lower() in _valued_words(prefix.kind):
        return _unlabelled(layer._replace(labelled=False))  # `CONV stride: 2`: the colon is the option's
    return LayerHead(
        prefix.kind, "" if bare else label, prefix.written, _words_span(layer.words), layer.items
    )


def _kind_behind(layer: tree.Layer, label: str, prefix: _Prefix | None) -> LayerHead | None:
    """``enc1: CONV 64 3x3``, ``stem: 7x7 conv, 64``: a kind behind the colon."""
    leading, items = _leading_size(layer)
    skipped = int(bool(items) and isinstance(items[0], tree.Extents))
    body = _leading_words(items[skipped:])
    inner = _kind_prefix(body, numbers=False) if body else None
    if inner is None or (skipped and prefix is not None and inner.kind is not prefix.kind):
        return None
    # In `CONV1: pad 2` the word is an option, in `pool: MAX POOL 2x2` the beginning of a kind.
    option = prefix is not None and body[0].text.lower() in option_words(prefix.kind)
    if inner.length == 1 and option:
        return None
    rest = (*leading, *items[:skipped], *items[skipped + inner.length :])
    if skipped and prefix is not None and prefix.length == len(layer.words) and not prefix.numbered:
        label = ""  # `POOL: 2x2 max pooling`
    return LayerHead(inner.kind, label, inner.written, _words_span(body[: inner.length]), rest)


def _first_part(word: tree.Word) -> _Prefix | None:
    """``conv_stem``: a kind, an underscore and a name."""
    part = word.text.partition("_")[0]
    kind = kind_named(part)
    return _Prefix(kind, part, 0, True) if kind else None


def _leading_words(items: tuple[tree.Item, ...]) -> tuple[tree.Word, ...]:
    words: list[tree.Word] = []
    for item in items[:4]:
        if not isinstance(item, tree.Word):
            break
        words.append(item)
    return tuple(words)


def _refined(head: LayerHead, names: Container[str]) -> LayerHead:
    """``POOL: max 2x2``: a word beside the kind that together with it names a kind, and no number."""
    for index, item in enumerate(head.rest):
        if isinstance(item, tree.Word) and item.text.lower() not in FILLERS and item.text not in names:
            kind = kind_named(f"{item.text} {head.written}")
            if kind is None and kind_named(item.text) is not None:
                break  # another layer begins
            if kind is not None:
                return head._replace(kind=kind, rest=(*head.rest[:index], *head.rest[index + 1 :]))
    return head
