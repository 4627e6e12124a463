"""One copied layer in our words: a layer, or several where it names more behind itself."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.diagnostics import Severity
from netdsl.graph.papers.chains import parted
from netdsl.graph.papers.customs import Noted, by_custom
from netdsl.graph.papers.headings import Heading, Surroundings, heading_of, made
from netdsl.graph.papers.images import image_in_remark, image_of
from netdsl.graph.papers.options import in_words
from netdsl.graph.papers.remarks import options_in_remark, values_in_remark
from netdsl.graph.papers.separable import separable
from netdsl.graph.papers.sizes import (
    maps_of,
    multiplied_volume,
    sizes_of_products,
    with_fourth,
    with_stride,
    without_maps,
)
from netdsl.graph.papers.vocabulary import TwoWays, Vocabulary, bare_values, has_option, vocabulary
from netdsl.layers.option import OptionType
from netdsl.source import Span
from netdsl.syntax import tree


class Read(NamedTuple):
    layers: tuple[tree.Layer, ...]
    noted: tuple[Noted, ...] = ()


def read_copied(layer: tree.Layer, around: Surroundings) -> Read | None:
    """The layer in our words; None where it is in them, or where nothing is known of it.

    Raises TwoWays and NoKindError.
    """
    head = heading_of(layer, around)
    if head is None:
        return None
    claim = _claim(layer.claim)
    if layer.remark and not head.items and head.kind.inputs == 1:
        values = values_in_remark(layer, vocabulary(head.kind, around.numbers))
        if values and any(option.required for option in head.kind.options().values()):
            layer, head = layer._replace(remark=""), head._replace(items=values, spelled=True)
        elif values and any(option.positional for option in head.kind.options().values()):
            _warn_of_remark(layer, head, around)
    elif layer.remark and head.kind.inputs == 1:
        layer, head = _completed(layer, head, around)
        if layer.remark and options_in_remark(layer, head.items, vocabulary(head.kind, around.numbers)):
            _warn_of_remark(layer, head, around)
    if head.kind.inputs == 0:
        return _input(layer, head, claim)
    parts = parted(head, around) if around.chains else [head]
    layers: list[tree.Layer] = []
    noted: list[Noted] = []
    for number, part in enumerate(parts):
        first, last = number == 0, number == len(parts) - 1
        span = layer.span if len(parts) == 1 else _span_of(part)
        own = layer._replace(claim=claim if first else None, remark=layer.remark if last else "", span=span)
        layers += _translated(own, part, around, noted)
    read = Read(tuple(layers), tuple(noted))
    return None if layers == [layer] and not (noted or head.spelled) else read


def _completed(layer: tree.Layer, head: Heading, around: Surroundings) -> tuple[tree.Layer, Heading]:
    """``CONV1: 6 filters (f=5, s=1)``: a remark with letters and values, where the size is missing."""
    words = vocabulary(head.kind, around.numbers)
    size = words.size
    if size is None or not size.required or "=" not in layer.remark:
        return layer, head
    if bare_values(head.items, words).sizes or has_option(head.items, words, size):
        return layer, head
    values = values_in_remark(layer, words)
    if not any(isinstance(item, tree.Word) and words.by_letter.get(item.text) is size for item in values):
        return layer, head
    comma = tree.Mark(",", Span(values[0].span.start, values[0].span.start))
    return layer._replace(remark=""), head._replace(items=(*head.items, comma, *values), spelled=True)


def _warn_of_remark(layer: tree.Layer, head: Heading, around: Surroundings) -> None:
    """``dropout (0.2)``, whose rate stays 0.5, and ``conv 64 3x3 (stride 2)``, whose stride stays 1."""
    remark = layer.remark
    inner = remark[1:-1].strip()
    cure = f"write `{inner}` without parentheses" if head.items else f"write `{head.kind.keyword} {inner}`"
    around.findings.add(
        "ND232",
        f"`{remark}` is a remark, which layers ignore",
        Span(layer.span.end - len(remark), layer.span.end),
        help=(cure,),
        severity=Severity.WARNING,
    )


def _claim(claim: tree.Claim | None) -> tree.Claim | None:
    maps = maps_of(claim.value) if claim is not None else None
    if claim is None or maps is None:
        return claim
    return claim._replace(value=tree.Extents(maps.volume, claim.value.span))


def _input(layer: tree.Layer, head: Heading, claim: tree.Claim | None) -> Read | None:
    noted: tuple[Noted, ...] = ()
    if head.items:
        items = multiplied_volume(head.items)
        image = image_of(items)
        if image is None and items != head.items and len(items) == 1 and isinstance(items[0], tree.Extents):
            image = items[0]
        if image is not None and items != head.items:
            noted = (Noted(layer.span, "three numbers are height, width and channels"),)
    else:
        image = image_in_remark(layer) if layer.remark and claim is None else None
    if image is None:
        return None
    remark = layer.remark if head.items else ""
    return Read((made(layer._replace(claim=claim, remark=remark), head, (image,)),), noted)


def _translated(
    layer: tree.Layer, head: Heading, around: Surroundings, noted: list[Noted]
) -> list[tree.Layer]:
    words = vocabulary(head.kind, around.numbers)
    items = in_words(head.items, words)
    items = with_fourth(with_stride(sizes_of_products(items, words), words), words)
    items, maps = without_maps(items, words)
    if maps is not None and layer.claim is None:
        layer = layer._replace(claim=tree.Claim(tree.Extents(maps.volume, maps.span), maps.span))
    elif maps is not None and layer.claim is not None and layer.claim.value.text != maps.volume:
        raise TwoWays(
            maps.span, (f"[{maps.volume}]", "the volume"), (f"[{layer.claim.value.text}]", "the claim")
        )
    said = len(noted)
    items = by_custom(items, layer, head, words, around, noted)
    if len(noted) > said and not head.own:
        span = head.words[0].span
        head = head._replace(words=tuple(tree.Word(word, span) for word in head.kind.keyword.split()))
    if head.separable:
        return separable(layer, head, items, words)
    if items == head.items and not head.spelled and not maps and _one_layer(layer, head, items):
        return [layer]
    if around.chains:
        items = _ordered(_bare(items, words) if items != head.items else items, words)
    return [made(layer, head, items)]


def _bare(items: tuple[tree.Item, ...], words: Vocabulary) -> tuple[tree.Item, ...]:
    """``64 3x3`` for the letters of ``F=3 K=64``, in front, where no value stands there without a word."""
    bare = bare_values(items, words)
    front: list[tree.Item] = []
    kept = list(items)
    for option, others in ((words.count, bare.numbers), (words.size, bare.sizes)):
        index = next(
            (at for at, item in enumerate(kept[:-1]) if option and words.option_of(item) is option), None
        )
        if option is None or index is None or others or any(isinstance(item, tree.Sign) for item in kept):
            continue
        value = kept[index + 1]
        if index and words.option_of(kept[index - 1]) is not None:
            continue
        if not isinstance(value, tree.Number | tree.Extents) or option.type is OptionType.REAL:
            continue
        if option is words.size and isinstance(value, tree.Number):
            value = tree.Extents(f"{value.text}x{value.text}", value.span)
        del kept[index : index + 2]
        front.append(value)
    return (*front, *kept)


def _ordered(items: tuple[tree.Item, ...], words: Vocabulary) -> tuple[tree.Item, ...]:
    """Without commas, and the filters before their size, where nothing stands between the two."""
    kept = [item for index, item in enumerate(items) if not _idle_comma(items, index)]
    first = kept[:2]
    counted = words.count is not None and words.count.type is OptionType.COUNT
    if counted and len(first) == 2 and not _goes_on(kept[2:]):
        size, number = first
        if isinstance(size, tree.Extents) and isinstance(number, tree.Number):
            kept[:2] = [number, size]
    return tuple(kept)


def _idle_comma(items: tuple[tree.Item, ...], index: int) -> bool:
    """Whether a comma stands behind a value, where leaving it out joins nothing."""
    item = items[index]
    if not isinstance(item, tree.Mark) or item.text != "," or not index:
        return False
    following = items[index + 1] if index + 1 < len(items) else None
    apart = not isinstance(following, tree.Sign)
    return apart and isinstance(items[index - 1], tree.Number | tree.Extents)


def _goes_on(items: list[tree.Item]) -> bool:
    """Whether a number is part of a formula."""
    return bool(items) and isinstance(items[0], tree.Sign)


def _one_layer(layer: tree.Layer, head: Heading, items: tuple[tree.Item, ...]) -> bool:
    """Whether nothing of the layer was cut off for others."""
    written = len(layer.items) + len(layer.words) - len(head.label if head.own else head.words)
    return len(items) >= written


def _span_of(head: Heading) -> Span:
    spans = [part.span for part in (*head.label, *head.words, *head.items)]
    return Span(min(span.start for span in spans), max(span.end for span in spans))
