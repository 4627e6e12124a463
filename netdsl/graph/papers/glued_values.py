"""The values that are glued to a kind: ``conv3-64``, ``pool2-2``, ``fc6-4096``."""

from __future__ import annotations

from netdsl.graph.papers.letters import WIDEST
from netdsl.graph.papers.names import Glued, Named
from netdsl.graph.papers.options import in_words
from netdsl.graph.papers.vocabulary import TwoWays, Vocabulary, vocabulary
from netdsl.layers.layer import Layer
from netdsl.layers.option import OptionType
from netdsl.source import Span
from netdsl.syntax import tree


def glued_values(named: Named, rest: tuple[tree.Item, ...]) -> tuple[tree.Item, ...] | None:
    """What stands behind the name in ``conv3-64``, ``conv5x5-32``, ``pool2-2``, ``fc6-4096``.

    ``conv3-64`` keeps the extents, as VGG's tables mean it (Simonyan, Zisserman, 2014, table 1). None
    where the kind has no use for the numbers.
    """
    apart = named.glued
    assert apart is not None
    span = named.words[-1].span
    words = vocabulary(named.kind, frozenset())
    if apart.hyphened:
        return _hyphened(named.kind, apart, span, words)
    size = tree.Extents(_square(apart.extents), span) if apart.extents else None
    number = tree.Number(apart.number, span) if apart.number else None
    if words.size is None:
        return (number,) if words.count is not None and number is not None else None
    if words.count is not None:
        if number is None:
            return (size,) if size is not None else None
        if size is None:
            return (number,)
        kept = () if _says_padding(rest, words) else _keeping(size.text, span)
        if kept and isinstance(kept[0], tree.Word) and kept[0].text == "same" and "x" not in apart.extents:
            name = named.kind.keyword
            raise TwoWays(
                span,
                (f"{name} {number.text} {size.text} same", "the extent of a filter comes before the hyphen"),
                (f"{name}{apart.extents}: {number.text} 3x3 pad 1", "the layer's number does"),
            )
        return (number, size, *kept)
    if number is None:
        return (size,) if size is not None else None
    window = size or tree.Extents(_square(number.text), span)
    if words.stride is None or not number.text.isdecimal():
        return None
    return (window, tree.Word("stride", span), number)


def _hyphened(kind: type[Layer], apart: Glued, span: Span, words: Vocabulary) -> tuple[tree.Item, ...] | None:
    """``CONV-9-32``: 32 filters of 9x9, as no filter is 32x32; which is which where that does not tell is
    the writer's to say."""
    one, two = apart.extents, apart.number
    name = kind.keyword
    if words.size is None and words.count is not None:
        raise TwoWays(
            span,
            (f"{name} {one} - {name} {two}", "two layers"),
            (f"{name}{one}: {two}", "the layer's number comes first"),
        )
    if words.size is None or words.count is None:
        step = (tree.Word("stride", span), tree.Number(two, span))
        return (tree.Extents(_square(one), span), *step) if words.stride is not None else None
    extent, filters = sorted((one, two), key=lambda number: int(number[:9]))
    if not int(extent[:9]) <= WIDEST < int(filters[:9]):
        raise TwoWays(
            span,
            (f"{name} {two} {one}x{one}", "the extent of a filter comes first"),
            (f"{name} {one} {two}x{two}", "the number of filters does"),
        )
    return (tree.Number(filters, span), tree.Extents(_square(extent), span))


def _square(extents: str) -> str:
    return extents if "x" in extents else f"{extents}x{extents}"


def _says_padding(rest: tuple[tree.Item, ...], words: Vocabulary) -> bool:
    named = [in_words((item,), words)[0] for item in rest if isinstance(item, tree.Word)]
    options = (words.option_of(word) for word in named)
    padded = any(option is not None and option.type is OptionType.PADDING for option in options)
    return padded or any(
        word.text.lower() in ("same", "valid") for word in named if isinstance(word, tree.Word)
    )


def _keeping(size: str, span: Span) -> tuple[tree.Item, ...]:
    """The padding with which a filter keeps the extents."""
    sides = [int(extent[:9]) for extent in size.split("x")[:2]]
    if all(side == 1 for side in sides):
        return ()
    if any(side % 2 == 0 for side in sides):
        return (tree.Word("same", span),)
    halves = [str(side // 2) for side in sides]
    if halves[0] == halves[1]:
        return (tree.Word("pad", span), tree.Number(halves[0], span))
    return (tree.Word("pad", span), tree.Extents("x".join(halves), span))
