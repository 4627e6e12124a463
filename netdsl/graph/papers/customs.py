"""What papers leave out: ``maxpool`` is 2x2 at stride 2, ``maxpool/2`` halves, ``up-conv`` doubles."""

from __future__ import annotations

from typing import Any, NamedTuple

from netdsl.graph.papers.headings import Heading, Surroundings
from netdsl.graph.papers.vocabulary import TwoWays, Vocabulary, bare_values
from netdsl.layers.layer import Layer
from netdsl.layers.option import OptionType
from netdsl.source import Span
from netdsl.syntax import tree


class Noted(NamedTuple):
    """What is to be said of a layer that was read by a custom of papers."""

    span: Span
    why: str


def by_custom(
    items: tuple[tree.Item, ...],
    layer: tree.Layer,
    head: Heading,
    words: Vocabulary,
    around: Surroundings,
    noted: list[Noted],
) -> tuple[tree.Item, ...]:
    """What papers leave out: ``maxpool`` is 2x2 at stride 2, ``maxpool/2`` halves, ``up-conv`` doubles."""
    halves = head.kind.alone and any(map(_is_step, head.items))
    if (layer.claim is not None and not halves) or not _decides(around, head.kind):
        return items
    span = head.words[0].span if head.words else layer.span
    size = bool(bare_values(items, words).sizes) or any(words.option_of(item) is words.size for item in items)
    if head.kind.alone and not items and not head.own and not around.patterned:
        return _alone(head, span, noted)
    over = next(
        (
            item
            for index, item in enumerate(head.items)
            if isinstance(item, tree.Mark | tree.Sign)
            and item.text == "/"
            and not (index and words.is_value(head.items[index - 1]))
        ),
        None,
    )
    if head.kind.alone and over is not None and not size:
        step = _step(items, words)
        counts = bare_values(items, words).numbers or _names_a_value(items, words)
        if isinstance(step, tree.Number) and step.text.isdecimal() and not counts:
            noted.append(Noted(layer.span, "without a stated window, it has one of its stride"))
            return (tree.Extents(f"{step.text}x{step.text}", step.span), *items)
    counted = words.count is None or bool(bare_values(items, words).numbers) or _counted(items, words)
    if _is_unsized(head, items, words) and not size:
        noted.append(Noted(layer.span, "as in MobileNet's table, which has the size in another column"))
        _, extents, padding = head.kind.unsized
        return (*items, tree.Extents(extents, span), tree.Word(padding, span))
    written = around.findings.source.text[span.start : span.end].lower().replace("–", "-").replace("−", "-")
    stepping = {name.replace("-", "") for name in head.kind.steps_by_kernel}
    if written.replace("-", "").replace(" ", "") in stepping and _step(items, words) is None and counted:
        if written in head.kind.steps_by_kernel or not size:
            return _stepping(items, words, span, layer, noted)
        if size:
            other = head.kind.steps_by_kernel[0]
            noted.append(Noted(layer.span, f"`{other}`, with its hyphen, has the stride of its kernel"))
            return (*items, tree.Word("stride", span), tree.Number("1", span))
    if head.listed and not any(_is_padding(item, words) for item in items) and not _is_one(items):
        noted.append(Noted(layer.span, "no padding is written: `pad 1` or `same` keeps the extents"))
    return items


def _names_a_value(items: tuple[tree.Item, ...], words: Vocabulary) -> bool:
    """Whether a name stands for a number or a size that no word before it takes: ``MAX POOL k x k /2``."""
    for index, item in enumerate(items):
        before = items[index - 1] if index else None
        over = isinstance(before, tree.Mark) and before.text == "/"
        if isinstance(item, tree.Word) and words.is_value(item) and not over and not words.option_of(before):
            return True
    return False


def _counted(items: tuple[tree.Item, ...], words: Vocabulary) -> bool:
    return any(words.option_of(item) is words.count for item in items)


def _decides(around: Surroundings, kind: type[Layer]) -> bool:
    return around.served is not None and kind not in around.served


def _is_one(items: tuple[tree.Item, ...]) -> bool:
    return any(isinstance(item, tree.Extents) and item.text.split("x")[:2] == ["1", "1"] for item in items)


def _is_unsized(head: Heading, items: tuple[tree.Item, ...], words: Vocabulary) -> bool:
    """Whether a stride is all that stands beside a spelling of such tables: ``Conv dw / s1``."""
    spelling = " ".join(word.text for word in head.words).upper()
    alone = spelling in head.kind.unsized[:1] and not any(_is_padding(item, words) for item in items)
    return alone and _step(items, words) is not None


def _is_step(item: tree.Item) -> bool:
    """``/``, and ``s2``; not the word, behind which everything is written out."""
    if isinstance(item, tree.Word):
        return item.text[0] in "sS" and item.text[1:].isdecimal()
    return isinstance(item, tree.Mark | tree.Sign) and item.text == "/"


def _is_same(item: tree.Item) -> bool:
    return isinstance(item, tree.Word) and item.text.lower() in ("same", "valid")


def _is_padding(item: tree.Item, words: Vocabulary) -> bool:
    option = words.option_of(item)
    return _is_same(item) or (option is not None and option.type is OptionType.PADDING)


def _alone(head: Heading, span: Span, noted: list[Noted]) -> tuple[tree.Item, ...]:
    readings = head.kind.alone
    if len(readings) > 1:
        raise TwoWays(span, *((f"{head.kind.keyword} {reading}", "") for reading in readings))
    noted.append(Noted(span, "as in the tables of papers"))
    size, word, number = readings[0].split()
    return (tree.Extents(size, span), tree.Word(word, span), tree.Number(number, span))


def _step(items: tuple[tree.Item, ...], words: Vocabulary) -> tree.Item | None:
    """The value of the stride."""
    for index, item in enumerate(items[:-1]):
        over = isinstance(item, tree.Mark) and item.text == "/"
        if over or (words.stride is not None and words.option_of(item) is words.stride):
            return items[index + 1]
    return None


def _stepping(
    items: tuple[tree.Item, ...], words: Vocabulary, span: Span, layer: tree.Layer, noted: list[Noted]
) -> tuple[tree.Item, ...]:
    """A stride of the kernel: 2x2, where none is written (Ronneberger, Fischer, Brox, 2015, figure 1)."""
    sizes: list[Any] = [*bare_values(items, words).sizes]
    sizes += [items[at + 1] for at, item in enumerate(items[:-1]) if words.option_of(item) is words.size]
    if any(not isinstance(size, tree.Number | tree.Extents) for size in sizes):
        return items
    noted.append(Noted(layer.span, "an up-convolution moves by its kernel"))
    if not sizes:
        return (*items, tree.Extents("2x2", span), tree.Word("stride", span), tree.Number("2", span))
    extents = sizes[0].text.lower().replace("×", "x").split("x")[:2]
    value = extents[0].strip() if len(set(extents)) == 1 else "x".join(extent.strip() for extent in extents)
    numbers = bare_values(items, words).numbers
    if value.isdecimal() and value != "2" and len(numbers) == 1 and isinstance(numbers[0], tree.Number):
        raise TwoWays(span, *_up_convolutions(numbers[0].text, int(value)))
    number = tree.Number if "x" not in value else tree.Extents
    return (*items, tree.Word("stride", span), number(value, span))


def _up_convolutions(filters: str, extent: int) -> tuple[tuple[str, str], tuple[str, str]]:
    """What an up-convolution of another kernel than 2x2 may be: one that moves by its kernel, or one that
    doubles."""
    size = f"{extent}x{extent}"
    if extent % 2:
        doubles = f"UPSAMPLE 2x2 - CONV {filters} {size} same", "numbers are repeated before a convolution"
    else:
        doubles = f"DECONV {filters} {size} stride 2 pad {(extent - 2) // 2}", "it doubles the extents"
    return (f"DECONV {filters} {size} stride {extent}", "it moves by its kernel"), doubles
