"""Layers that a comma or a `+` chains behind another: ``3x3 conv, 64 filters, ReLU``."""

from __future__ import annotations

from collections.abc import Container

from netdsl.graph.papers.headings import Heading, Surroundings, has_values, named_heading
from netdsl.graph.papers.names import Named, kind_at
from netdsl.graph.papers.vocabulary import Vocabulary, vocabulary
from netdsl.syntax import tree


def parted(head: Heading, around: Surroundings) -> list[Heading]:
    """``3x3 conv, 64 filters, ReLU``: the layers that a comma or a `+` chains, each with what follows it."""
    taken = around.numbers | around.blocks
    words = vocabulary(head.kind, around.numbers)
    starts: list[tuple[int, Named]] = []
    behind = 0
    for index in range(len(head.items)):
        named = _beginning(head.items, index, words, taken) if index >= behind else None
        if named is not None:
            starts.append((index, named))
            behind = index + named.length
            words = vocabulary(named.kind, around.numbers)
    ends = [index for index, _ in starts[1:]] + [len(head.items)]
    if not starts:
        return [head._replace(items=_trimmed(head.items, _LINKING))]
    parts = [head._replace(items=_trimmed(head.items[: starts[0][0]], _LEADING_OVER))]
    for number, ((index, named), end) in enumerate(zip(starts, ends, strict=True), 1):
        rest = head.items[index + named.length : end]
        while rest and isinstance(rest[0], tree.Word) and rest[0].text.lower() in _NOUNS:
            rest = rest[1:]
        if number == len(starts) == 1 and _goes_back(rest, head, named, around):
            parts[0] = parts[0]._replace(items=(*parts[0].items, *rest))
            rest = ()
        following = named_heading((), named, rest)
        if following is None:
            return [head]
        linking = _LEADING_OVER if number < len(starts) else _LINKING
        parts.append(following._replace(items=_trimmed(following.items, linking)))
    return parts


def _goes_back(rest: tuple[tree.Item, ...], head: Heading, named: Named, around: Surroundings) -> bool:
    """``FC, activation: softmax, neurons: 10``: what follows the activation is said of the layer."""
    comma = rest[0] if len(rest) > 1 else None
    word = rest[1] if len(rest) > 1 else None
    if not isinstance(comma, tree.Mark) or comma.text != "," or not isinstance(word, tree.Word):
        return False
    own = vocabulary(head.kind, around.numbers).option_of(word) is not None
    return own and not vocabulary(named.kind, around.numbers).knows(word.text)


ACTIVATION_WORDS = ("activation", "activations", "nonlinearity", "activation_fn", "act")
_NOUNS = (*ACTIVATION_WORDS, "function", "functions", "units", "unit")
"""What may stand behind the name of an activation: ``sigmoid activation function``."""


def _beginning(
    items: tuple[tree.Item, ...], index: int, words: Vocabulary, taken: Container[str]
) -> Named | None:
    """The layer of its own that begins at a word that means nothing to the one before; None for none."""
    item = items[index]
    if not isinstance(item, tree.Word) or words.knows(item.text) or words.values(item.text):
        return None
    named = kind_at(items, index, taken)
    if named is None or named.kind.has_weights or named.kind.inputs != 1 or named.separable:
        return None
    behind = items[index + named.length] if index + named.length < len(items) else None
    if isinstance(behind, tree.Number | tree.Extents) and not has_values(named.kind):
        return None  # `step 2` is no step function with a number
    before = items[index - 1] if index else None
    listed = isinstance(before, tree.Mark | tree.Sign) and before.text in ",+/"
    kind = named.kind
    follows = listed or kind.is_activation or kind.normalises or kind.yields_probabilities or kind.is_dropout
    return named if follows else None


_LINKING = ("with", "and", "by", "followed", "then", *ACTIVATION_WORDS)
_LEADING_OVER = (*_LINKING, "using", "the", "a", "an")
"""``using the sigmoid``; at the end of a layer `a` may be a label, ``weights shared with a``."""


def _trimmed(items: tuple[tree.Item, ...], linking: tuple[str, ...]) -> tuple[tree.Item, ...]:
    """Without the comma, the `+`, or the words that lead over to the next layer."""
    end = len(items)
    while end:
        item = items[end - 1]
        sign = isinstance(item, tree.Mark | tree.Sign) and item.text in ",+:=/"
        if not sign and not (isinstance(item, tree.Word) and item.text.lower() in linking):
            break
        end -= 1
    return items[:end] if end < len(items) else items
