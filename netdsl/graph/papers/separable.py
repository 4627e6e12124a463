"""A separable convolution as the two layers that it is."""

from __future__ import annotations

from netdsl.graph.papers.headings import Heading, made
from netdsl.graph.papers.vocabulary import TwoWays, Vocabulary, bare_values, has_option
from netdsl.layers.registry import kind_named
from netdsl.source import Span
from netdsl.syntax import tree


def separable(
    layer: tree.Layer, head: Heading, items: tuple[tree.Item, ...], words: Vocabulary
) -> list[tree.Layer]:
    """A depthwise convolution without bias and one of 1x1: the filters count those of the second."""
    word_span = head.words[0].span
    items = _counted(items, words)
    window: list[tree.Item] = []
    points: list[tree.Item] = []
    bare = bare_values(items, words).numbers
    at = 0
    while at < len(items):
        item = items[at]
        option = words.option_of(item)
        following = items[at + 1] if at + 1 < len(items) else None
        low = item.text.lower() if isinstance(item, tree.Word) else ""
        if option is words.count and words.is_value(following):
            points += [item, following]  # type: ignore[list-item]
            at += 1
        elif (
            item in bare[:1]
            or (isinstance(item, tree.Word) and item.text in words.numbers and not window and not points)
            or low in ("no", "without", "bias", "biases")
        ):
            points.append(item)
        elif low not in words.fillers and not (isinstance(item, tree.Mark) and item.text == ","):
            window.append(item)
        at += 1
    depthwise, conv = kind_named("DEPTHWISE"), kind_named("CONV")
    assert depthwise is not None
    assert conv is not None
    span = Span(word_span.start, layer.span.end)
    first = tree.Layer(None, (tree.Word("DEPTHWISE", word_span),), False, (), "", span)
    no_bias = (tree.Word("no", word_span), tree.Word("bias", word_span))
    one = made(first, Heading(depthwise, (), False, first.words, ()), (*window, *no_bias))
    size = tree.Extents("1x1", word_span)
    two = made(layer, head._replace(words=(tree.Word("CONV", word_span),)), _with_size(tuple(points), size))
    return [one, two]


def _counted(items: tuple[tree.Item, ...], words: Vocabulary) -> tuple[tree.Item, ...]:
    """``3x3x64``: 64 filters, where no other number counts them; a filter of each channel has no depth."""
    sizes = bare_values(items, words).sizes
    parts = sizes[0].text.lower().replace("×", "x").split("x") if len(sizes) == 1 else []
    counted = bare_values(items, words).numbers or (words.count and has_option(items, words, words.count))
    if len(parts) != 3 or counted:
        return items
    height, width, number = (part.strip() for part in parts)
    span = sizes[0].span
    if height != width == number:
        name = "separable conv"
        raise TwoWays(
            span,
            (f"{name} {height} {width}x{number}", "the filters come first"),
            (f"{name} {number} {height}x{width}", "the filters come after their size"),
        )
    at = items.index(sizes[0])
    values = (tree.Number(number, span), tree.Extents(f"{height}x{width}", span))
    return (*items[:at], *values, *items[at + 1 :])


def _with_size(points: tuple[tree.Item, ...], size: tree.Extents) -> tuple[tree.Item, ...]:
    end = next(
        (
            at
            for at, item in enumerate(points)
            if isinstance(item, tree.Word) and item.text.lower() in ("no", "without", "bias", "biases")
        ),
        len(points),
    )
    return (*points[:end], size, *points[end:])
