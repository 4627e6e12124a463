"""Sizes as papers write them: ``3*3``, ``64@3x3``, ``3x3x3x32``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from netdsl.graph.papers.letters import WIDEST
from netdsl.graph.papers.vocabulary import TwoWays, Vocabulary, bare_values, has_option, is_bare, passes
from netdsl.layers.option import OptionType
from netdsl.source import Span
from netdsl.syntax import tree


def sizes_of_products(items: tuple[tree.Item, ...], words: Vocabulary) -> tuple[tree.Item, ...]:
    """``64, 3*3``: a product of two written numbers is a size, where the kind lacks one and has its count.

    Elsewhere it is arithmetic, as it is everywhere in the language.
    """
    if words.size is None:
        return items
    bare = bare_values(items, words)
    given = any(words.option_of(item) is words.size for item in items)
    counted = words.count is None or bare.numbers or has_option(items, words, words.count)
    if given or not counted or bare.sizes:
        return items
    for start, end in products(items):
        if not is_bare(items, start, words):
            continue
        text = "x".join(item.text for item in items[start:end:2])  # type: ignore[union-attr]
        span = items[start].span.to(items[end - 1].span)
        return (*items[:start], tree.Extents(text, span), *items[end:])
    return items


def multiplied_volume(items: tuple[tree.Item, ...]) -> tuple[tree.Item, ...]:
    """``30*30*3``, which is a volume and never 2,700 numbers, as one item; the same items where none stands
    there."""
    for start, end in products(items):
        if end - start == 5:
            text = "x".join(item.text for item in items[start:end:2])  # type: ignore[union-attr]
            span = items[start].span.to(items[end - 1].span)
            return (*items[:start], tree.Extents(text, span), *items[end:])
    return items


def products(items: tuple[tree.Item, ...]) -> Iterator[tuple[int, int]]:
    """The places of ``3*3`` and ``3*3*64``: whole numbers with `*` between them, and no other sign beside."""
    index = 0
    while index < len(items):
        end = index
        while (
            end + 2 < len(items)
            and _is_whole(items[end])
            and _is_sign(items[end + 1], "*")
            and _is_whole(items[end + 2])
        ):
            end += 2
        before = items[index - 1] if index else None
        behind = items[end + 1] if end + 1 < len(items) else None
        alone = not isinstance(before, tree.Sign) and not isinstance(behind, tree.Sign)
        if end > index and alone and (end - index) // 2 <= 2:
            yield index, end + 1
        index = end + 1


def _is_whole(item: tree.Item) -> bool:
    return isinstance(item, tree.Number) and item.text.isdecimal()


def _is_sign(item: tree.Item, sign: str) -> bool:
    return isinstance(item, tree.Sign) and item.text == sign


def multiplied_sizes(
    items: tuple[tree.Item, ...], words: Vocabulary
) -> Iterator[tuple[tree.Word, str, Span, str]]:
    """``kernel 3*3``, where a size would be meant: the word, the product, its place, and the size."""
    for start, end in products(items):
        index = start - 1
        while index >= 0 and passes(items[index]):
            index -= 1
        option = words.option_of(items[index]) if index >= 0 else None
        if option is not None and option.type in (OptionType.SIZE, OptionType.PADDING) and end - start == 3:
            numbers = [item.text for item in items[start:end:2]]  # type: ignore[union-attr]
            word = items[index]
            assert isinstance(word, tree.Word)
            yield word, "*".join(numbers), items[start].span.to(items[end - 1].span), "x".join(numbers)


def divided_sizes(items: tuple[tree.Item, ...], words: Vocabulary) -> Iterator[int]:
    """``maxpool 4/2``, where a stride would be meant: the place of the extent."""
    if words.size is None or words.count is not None or words.stride is None:
        return
    if has_option(items, words, words.stride):
        return
    for index, (extent, sign, step) in enumerate(zip(items, items[1:], items[2:], strict=False)):
        beside = (*items[max(0, index - 1) : index], *items[index + 3 : index + 4])
        if not (_is_whole(extent) and _is_sign(sign, "/") and _is_whole(step)):
            continue
        sized = is_bare(items, index, words) or (index and words.option_of(items[index - 1]) is words.size)
        if sized and not any(isinstance(item, tree.Sign) for item in beside):
            yield index


def with_stride(items: tuple[tree.Item, ...], words: Vocabulary) -> tuple[tree.Item, ...]:
    """``maxpool 3/2``: 3x3 at stride 2, as the division is no number of rows."""
    for index in divided_sizes(items, words):
        extent, sign, step = items[index : index + 3]
        assert isinstance(extent, tree.Number)
        assert isinstance(step, tree.Number)
        if step.text.strip("0") and int(extent.text[:9]) % int(step.text[:9]):
            size = tree.Extents(f"{extent.text}x{extent.text}", extent.span)
            return (*items[:index], size, tree.Word("stride", sign.span), *items[index + 2 :])
    return items


def with_fourth(items: tuple[tree.Item, ...], words: Vocabulary) -> tuple[tree.Item, ...]:
    """``3x3x3x32`` as MobileNet's table has it: 32 filters of 3x3x3."""
    if words.count is None or words.size is None or not words.size.third:
        return items
    found: list[tree.Item] = []
    for item in items:
        parts = item.text.lower().replace("×", "x").split("x") if isinstance(item, tree.Extents) else []
        if len(parts) == 4 and "@" not in item.text:  # type: ignore[union-attr]
            _check_order([part.strip() for part in parts], item.span, words)
            found.append(tree.Extents("x".join(part.strip() for part in parts[:3]), item.span))
            found.append(tree.Number(parts[3].strip(), item.span))
        else:
            found.append(item)
    return tuple(found)


def _check_order(parts: list[str], span: Span, words: Vocabulary) -> None:
    """``64x3x7x7`` and ``64x7x7x3``, as programs keep weights: the filters may stand in front."""
    if not all(part.isdecimal() and len(part) < 10 for part in parts):
        return
    first, second, third, last = map(int, parts)
    if second == third:
        size = f"{second}x{third}x{last}"
    elif third == last and first > third:
        size = f"{third}x{last}x{second}"
    else:
        return
    if first <= second:
        return
    name = words.kind.keyword
    raise TwoWays(
        span,
        (f"{name} {first} {size}", "the filters come first"),
        (f"{name} {last} {first}x{second}x{third}", "the filters come after their size"),
    )


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
    indices = [index for index, item in enumerate(items) if maps_of(item) is not None]
    if len(indices) != 1:
        return items, None  # two of them are two volumes
    (index,) = indices
    maps = maps_of(items[index])
    assert maps is not None
    others = (*items[:index], *items[index + 1 :])
    if words.count is None or words.size is None or words.count.type is not OptionType.COUNT:
        return others, maps
    bare = bare_values(others, words)
    if bare.sizes or has_option(others, words, words.size):
        counted = bare.numbers or has_option(others, words, words.count)
        count = () if counted else (tree.Number(maps.number, maps.span),)
        return (*others[:index], *count, *others[index:]), maps
    if all(
        extent.isdecimal() and int(extent[:9]) % 2 and int(extent[:9]) <= WIDEST
        for extent in maps.size.split("x")
    ):
        value = (tree.Number(maps.number, maps.span), tree.Extents(maps.size, maps.span))
        return (*items[:index], *value, *items[index + 1 :]), None
    name = words.kind.keyword
    raise TwoWays(
        maps.span,
        (f"{name} {maps.number} {maps.size}", "the filters and their size"),
        (f"[{maps.volume}] {name} {maps.number} 5x5", "the volume that they make, and a separate kernel"),
    )
