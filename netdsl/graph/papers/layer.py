"""One copied layer in our words: a layer, or several where it names more behind itself."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, NamedTuple

from netdsl.diagnostics import Findings
from netdsl.graph.heads import read_head
from netdsl.graph.kind_names import nearest_kind
from netdsl.graph.options import FILLERS
from netdsl.graph.papers.images import image_in_remark, image_of
from netdsl.graph.papers.kindless import implied_by, written_span
from netdsl.graph.papers.names import Glued, Named, kind_at
from netdsl.graph.papers.options import (
    TwoWays,
    Vocabulary,
    bare_values,
    in_words,
    maps_of,
    sizes_of_products,
    vocabulary,
    with_fourth,
    without_maps,
)
from netdsl.graph.papers.remarks import values_in_remark
from netdsl.layers.layer import Layer
from netdsl.layers.option import OptionType
from netdsl.layers.registry import kind_named
from netdsl.source import Span
from netdsl.syntax import tree


class Surroundings(NamedTuple):
    """What a layer stands in. ``numbers`` and ``blocks`` are names of the file; ``chains`` where another
    layer may follow it; ``served`` are the kinds that other lines give options, None where all may be;
    ``patterned`` where the file has a pattern without numbers, which is completed as a whole."""

    numbers: frozenset[str]
    blocks: frozenset[str]
    findings: Findings
    chains: bool = True
    served: Container[type[Layer]] | None = ()
    patterned: bool = False


class Noted(NamedTuple):
    """What is to be said of a layer that was read by a custom of papers."""

    span: Span
    why: str


class Read(NamedTuple):
    layers: tuple[tree.Layer, ...]
    noted: tuple[Noted, ...] = ()


class _Head(NamedTuple):
    """``label`` and the words of the kind; ``own`` where the label holds the kind: ``MAX POOL1``."""

    kind: type[Layer]
    label: tuple[tree.Word, ...]
    own: bool
    words: tuple[tree.Word, ...]
    items: tuple[tree.Item, ...]
    separable: bool = False
    listed: bool = False
    spelled: bool = False


class NoKindError(Exception):
    """Values without a kind, and nothing that says which is meant."""

    def __init__(self, span: Span) -> None:
        super().__init__()
        self.span = span


def read_copied(layer: tree.Layer, around: Surroundings) -> Read | None:
    """The layer in our words; None where it is in them, or where nothing is known of it.

    Raises TwoWays and NoKindError.
    """
    head = _head(layer, around)
    if head is None:
        return None
    claim = _claim(layer.claim)
    if layer.remark and not head.items and head.kind.inputs == 1:
        values = values_in_remark(layer, vocabulary(head.kind, around.numbers))
        if values and any(option.required for option in head.kind.options().values()):
            layer, head = layer._replace(remark=""), head._replace(items=values, spelled=True)
    if head.kind.inputs == 0:
        return _input(layer, head, claim)
    parts = _parted(head, around) if around.chains else [head]
    layers: list[tree.Layer] = []
    noted: list[Noted] = []
    for number, part in enumerate(parts):
        first, last = number == 0, number == len(parts) - 1
        span = layer.span if len(parts) == 1 else _span_of(part)
        own = layer._replace(claim=claim if first else None, remark=layer.remark if last else "", span=span)
        layers += _translated(own, part, around, noted)
    read = Read(tuple(layers), tuple(noted))
    return None if layers == [layer] and not (noted or head.spelled) else read


def _claim(claim: tree.Claim | None) -> tree.Claim | None:
    maps = maps_of(claim.value) if claim is not None else None
    if claim is None or maps is None:
        return claim
    return claim._replace(value=tree.Extents(maps.volume, claim.value.span))


# --- which kind ----------------------------------------------------------------------------------


def _head(layer: tree.Layer, around: Surroundings) -> _Head | None:
    taken = around.numbers | around.blocks
    if layer.labelled and not _ends_with_letter(layer, around, taken):
        return _labelled(layer, around, taken)
    layer = layer._replace(labelled=False)
    parts = tuple(sorted((*layer.words, *layer.items), key=lambda item: item.span.start))
    if (layer.words and layer.words[0] is parts[0]) or _single_lead(layer):
        lead = parts[: parts.index(layer.words[0])]
        named = kind_at(layer.words, 0, taken)
        if named is not None and (named.glued or named.separable or named.switches):
            return _named_head((), named, (*lead, *parts[len(lead) + named.length :]))
        head = read_head(layer, around.numbers) if layer.words[0].text not in around.blocks else None
        if head is not None and head.kind is not None:
            own = layer.words[: _length(head.label)] if head.label else ()
            words = own or _kind_words(head.kind, head.written, head.span)
            return _Head(head.kind, own, bool(own), words, head.rest)
        if layer.words[0] is parts[0] and not _begins_with_letter(parts, around):
            return None
    return _values_first(parts, around, ())


def _single_lead(layer: tree.Layer) -> bool:
    """``7x7 conv, 64``: one size before the words."""
    items = layer.items
    leads = bool(layer.words) and bool(items) and items[0].span.start < layer.words[0].span.start
    others = leads and len(items) > 1 and items[1].span.start < layer.words[0].span.start
    return leads and not others and isinstance(items[0], tree.Extents)


def _ends_with_letter(layer: tree.Layer, around: Surroundings, taken: Container[str]) -> bool:
    """``CONV 64 F: 3``: the colon is that of an option."""
    named = kind_at(layer.words, 0, taken)
    if named is None or named.length == len(layer.words):
        return False
    return layer.words[-1].text in vocabulary(named.kind, around.numbers).by_letter


def _begins_with_letter(parts: tuple[tree.Item, ...], around: Surroundings) -> bool:
    """``F=3 S=1 P=1 K=64``: the letter of an option, with a value."""
    first = parts[0]
    if not isinstance(first, tree.Word) or first.text in around.blocks | around.numbers:
        return False
    conv = kind_named("CONV")
    assert conv is not None
    name, value = first.text[:1], first.text[1:]
    marked = any(isinstance(item, tree.Mark | tree.Number) for item in parts[1:2])
    return name in vocabulary(conv, around.numbers).by_letter and (
        value.isdecimal() or (not value and marked)
    )


def _length(label: str) -> int:
    return len(label.split())


def _kind_words(kind: type[Layer], written: str, span: Span) -> tuple[tree.Word, ...]:
    """The kind as it is written, or by its keyword where another word beside it decides."""
    name = written if kind_named(written) is kind else kind.keyword
    return tuple(tree.Word(word, span) for word in name.split())


def _labelled(layer: tree.Layer, around: Surroundings, taken: Container[str]) -> _Head | None:
    label = tuple(_plain_label(word) for word in layer.words)
    items = layer.items
    start = next((place for place, item in enumerate(items) if isinstance(item, tree.Word)), len(items))
    named = kind_at(items, start, taken)
    if named is not None and (named.glued or named.separable or named.switches):
        return _named_head(label, named, (*items[:start], *items[start + named.length :]))
    switched = _switched(items, start, taken)
    if named is None and switched is not None:
        return _named_head(
            label, switched, (*items[:start], items[start], *items[start + 1 + switched.length :])
        )
    noted = kind_at(layer.words, 0, taken)
    if noted is not None and noted.length == len(layer.words) and noted.glued is not None:
        known = vocabulary(noted.kind, around.numbers)
        bare = bare_values(items, known)
        inner = named is not None and not known.knows(items[start].text)  # type: ignore[union-attr]
        if not (bare.numbers or bare.sizes or inner):
            return _named_head((), noted, items)
    head = read_head(layer._replace(words=label), around.numbers)
    if head.kind is not None:
        own = bool(head.label) and head.span == label[0].span.to(label[-1].span)
        words = () if own else _kind_words(head.kind, head.written, head.span)
        return _Head(
            head.kind, label if head.label else (), own, words, head.rest, spelled=label != layer.words
        )
    if not items or (isinstance(items[0], tree.Word) and not _begins_with_letter(items, around)):
        return None
    name = " ".join(word.text for word in label)
    stem = name.rstrip("0123456789")
    if len(stem) > 2 and nearest_kind(name, around.findings, around.blocks) is not None:
        return None  # `POLL1: 2x2` is a slip
    try:
        return _values_first(items, around, label)
    except NoKindError:
        return None


def _switched(items: tuple[tree.Item, ...], place: int, taken: Container[str]) -> Named | None:
    """``global average pooling`` behind a label: the kind, behind the word of an option without a value."""
    named = kind_at(items, place + 1, taken)
    word = items[place] if place < len(items) else None
    if named is None or not isinstance(word, tree.Word):
        return None
    flags = [option for option in named.kind.options().values() if option.type is OptionType.FLAG]
    return named if any(word.text.lower() in option.words for option in flags) else None


def _plain_label(word: tree.Word) -> tree.Word:
    """``conv1_1`` of ``conv1-1``."""
    text = word.text
    for hyphen in "-–−":
        text = text.replace(hyphen, "_")
    return word if text == word.text else tree.Word(text, word.span)


def _named_head(label: tuple[tree.Word, ...], named: Named, rest: tuple[tree.Item, ...]) -> _Head | None:
    words: tuple[tree.Word, ...] = named.words
    items: tuple[tree.Item, ...] = (*named.switches, *rest)
    if named.glued is not None:
        values = _glued_values(named, rest)
        if values is None:
            return None
        words, values = _cut(words, named.glued), values
        items = (*named.switches, *values, *rest)
    return _Head(named.kind, label, False, words, items, named.separable, spelled=True)


def _cut(words: tuple[tree.Word, ...], apart: Glued) -> tuple[tree.Word, ...]:
    return (*words[:-1], tree.Word(apart.name, words[-1].span))


def _glued_values(named: Named, rest: tuple[tree.Item, ...]) -> tuple[tree.Item, ...] | None:
    """What stands behind the name in ``conv3-64``, ``conv5x5-32``, ``pool2-2``, ``fc6-4096``.

    ``conv3-64`` keeps the extents, as VGG's tables mean it (Simonyan, Zisserman, 2014, table 1). None
    where the kind has no use for the numbers.
    """
    apart = named.glued
    assert apart is not None
    place = named.words[-1].span
    words = vocabulary(named.kind, frozenset())
    size = tree.Extents(_square(apart.extents), place) if apart.extents else None
    number = tree.Number(apart.number, place) if apart.number else None
    if words.size is None:
        return (number,) if words.count is not None and number is not None else None
    if words.count is not None:
        if number is None:
            return (size,) if size is not None else None
        if size is None:
            return (number,)
        kept = () if _says_padding(rest, words) else _keeping(size.text, place)
        if kept and isinstance(kept[0], tree.Word) and kept[0].text == "same" and "x" not in apart.extents:
            name = named.kind.keyword
            raise TwoWays(
                place,
                (f"{name} {number.text} {size.text} same", "the extent of a filter stands before the hyphen"),
                (f"{name}{apart.extents}: {number.text} 3x3 pad 1", "the number of the layer does"),
            )
        return (number, size, *kept)
    if number is None:
        return (size,) if size is not None else None
    window = size or tree.Extents(_square(number.text), place)
    if words.stride is None or not number.text.isdecimal():
        return None
    return (window, tree.Word("stride", place), number)


def _square(extents: str) -> str:
    return extents if "x" in extents else f"{extents}x{extents}"


def _says_padding(rest: tuple[tree.Item, ...], words: Vocabulary) -> bool:
    named = [in_words((item,), words)[0] for item in rest if isinstance(item, tree.Word)]
    options = (words.option_of(word) for word in named)
    padded = any(option is not None and option.type is OptionType.PADDING for option in options)
    return padded or any(
        word.text.lower() in ("same", "valid") for word in named if isinstance(word, tree.Word)
    )


def _keeping(size: str, place: Span) -> tuple[tree.Item, ...]:
    """The padding with which a filter keeps the extents."""
    sides = [int(extent[:9]) for extent in size.split("x")[:2]]
    if all(side == 1 for side in sides):
        return ()
    if any(side % 2 == 0 for side in sides):
        return (tree.Word("same", place),)
    halves = [str(side // 2) for side in sides]
    if halves[0] == halves[1]:
        return (tree.Word("pad", place), tree.Number(halves[0], place))
    return (tree.Word("pad", place), tree.Extents("x".join(halves), place))


def _values_first(parts: tuple[tree.Item, ...], around: Surroundings, label: tuple[tree.Word, ...]) -> _Head:
    """``64 3x3 conv``, ``64 filters of 3x3, ReLU``, ``3x3, 64``: the first kind named, or what is implied."""
    taken = around.numbers | around.blocks
    named, place = None, len(parts)
    for number, item in enumerate(parts):
        named = kind_at(parts, number, taken) if isinstance(item, tree.Word) else None
        if named is not None and _lead(parts[:number], vocabulary(named.kind, around.numbers)):
            place = number
            break
        named = None
    leading = named is not None and (named.kind.weighs or named.kind.inputs == 0 or _has_size(named.kind))
    implied = implied_by(parts, around.numbers, place) if not leading or _behind_comma(parts, place) else None
    if implied is not None and named is not None and implied.kind is named.kind:
        implied = None
    if implied is not None and not (leading and implied.listed):
        words = tuple(tree.Word(word, parts[0].span) for word in implied.kind.keyword.split())
        return _Head(implied.kind, label, False, words, parts, listed=implied.listed, spelled=True)
    if named is None:
        raise NoKindError(written_span(parts))
    rest = (*parts[:place], *parts[place + named.length :])
    head = _named_head(label, named, rest)
    if head is None:
        raise NoKindError(written_span(parts))
    return head._replace(spelled=True)


def _lead(parts: tuple[tree.Item, ...], words: Vocabulary) -> bool:
    """Whether nothing but values and nouns stands before a kind: ``64 filters, 3x3 conv``."""
    named = [item.text.lower() for item in parts if isinstance(item, tree.Word)]
    return all(word in words.fillers or word in FILLERS for word in named)


def _has_size(kind: type[Layer]) -> bool:
    return any(option.positional for option in kind.options().values())


def _behind_comma(parts: tuple[tree.Item, ...], place: int) -> bool:
    before = parts[place - 1] if place else None
    return isinstance(before, tree.Mark) and before.text == ","


# --- several layers in one ----------------------------------------------------------------------


def _parted(head: _Head, around: Surroundings) -> list[_Head]:
    """``3x3 conv, 64 filters, ReLU``: the layers that a comma or a `+` chains, each with what follows it."""
    taken = around.numbers | around.blocks
    words = vocabulary(head.kind, around.numbers)
    starts: list[tuple[int, Named]] = []
    behind = 0
    for place in range(len(head.items)):
        named = _beginning(head.items, place, words, taken) if place >= behind else None
        if named is not None:
            starts.append((place, named))
            behind = place + named.length
            words = vocabulary(named.kind, around.numbers)
    ends = [place for place, _ in starts[1:]] + [len(head.items)]
    parts = [head._replace(items=_trimmed(head.items[: starts[0][0]] if starts else head.items))]
    for (place, named), end in zip(starts, ends, strict=False):
        rest = head.items[place + named.length : end]
        if rest and isinstance(rest[0], tree.Word) and rest[0].text.lower() in _ACTIVATION:
            rest = rest[1:]
        following = _named_head((), named, rest)
        if following is None:
            return [head]
        parts.append(following._replace(items=_trimmed(following.items)))
    return parts


_ACTIVATION = ("activation", "activations", "nonlinearity", "activation_fn", "act")


def _beginning(
    items: tuple[tree.Item, ...], place: int, words: Vocabulary, taken: Container[str]
) -> Named | None:
    """The layer of its own that begins at a word that means nothing to the one before; None for none."""
    item = items[place]
    if not isinstance(item, tree.Word) or words.knows(item.text) or words.values(item.text):
        return None
    named = kind_at(items, place, taken)
    if named is None or named.kind.weighs or named.kind.inputs != 1 or named.separable:
        return None
    behind = items[place + named.length] if place + named.length < len(items) else None
    if isinstance(behind, tree.Number | tree.Extents) and not _has_size(named.kind):
        return None  # `step 2` is no step function with a number
    before = items[place - 1] if place else None
    listed = isinstance(before, tree.Mark | tree.Sign) and before.text in ",+"
    kind = named.kind
    follows = listed or kind.activates or kind.normalises or kind.yields_probabilities or kind.drops
    return named if follows else None


_LINKING = ("with", "and", "by", "followed", "then", *_ACTIVATION)


def _trimmed(items: tuple[tree.Item, ...]) -> tuple[tree.Item, ...]:
    """Without the comma, the `+`, or the words that lead over to the next layer."""
    end = len(items)
    while end:
        item = items[end - 1]
        sign = isinstance(item, tree.Mark | tree.Sign) and item.text in ",+:="
        if not sign and not (isinstance(item, tree.Word) and item.text.lower() in _LINKING):
            break
        end -= 1
    return items[:end] if end < len(items) else items


# --- one layer ----------------------------------------------------------------------------------


def _input(layer: tree.Layer, head: _Head, claim: tree.Claim | None) -> Read | None:
    if head.items:
        image = image_of(head.items)
    else:
        image = image_in_remark(layer) if layer.remark and claim is None else None
    if image is None:
        return None
    remark = layer.remark if head.items else ""
    return Read((_made(layer._replace(claim=claim, remark=remark), head, (image,)),))


def _translated(layer: tree.Layer, head: _Head, around: Surroundings, noted: list[Noted]) -> list[tree.Layer]:
    words = vocabulary(head.kind, around.numbers)
    items = in_words(head.items, words)
    items = with_fourth(sizes_of_products(items, words), words)
    items, maps = without_maps(items, words)
    if maps is not None and layer.claim is None:
        layer = layer._replace(claim=tree.Claim(tree.Extents(maps.volume, maps.span), maps.span))
    elif maps is not None and layer.claim is not None and layer.claim.value.text != maps.volume:
        raise TwoWays(
            maps.span, (f"[{maps.volume}]", "the volume"), (f"[{layer.claim.value.text}]", "the claim")
        )
    said = len(noted)
    items = _by_custom(items, layer, head, words, around, noted)
    if len(noted) > said and not head.own:
        place = head.words[0].span
        head = head._replace(words=tuple(tree.Word(word, place) for word in head.kind.keyword.split()))
    if head.separable:
        return _separable(layer, head, items, words)
    if items == head.items and not head.spelled and not maps and _one_layer(layer, head, items):
        return [layer]
    if around.chains:
        items = _ordered(_bare(items, words) if items != head.items else items, words)
    return [_made(layer, head, items)]


def _bare(items: tuple[tree.Item, ...], words: Vocabulary) -> tuple[tree.Item, ...]:
    """``64 3x3`` for the letters of ``F=3 K=64``, in front, where no value stands there without a word."""
    bare = bare_values(items, words)
    front: list[tree.Item] = []
    kept = list(items)
    for option, others in ((words.count, bare.numbers), (words.size, bare.sizes)):
        place = next(
            (at for at, item in enumerate(kept[:-1]) if option and words.option_of(item) is option), None
        )
        if option is None or place is None or others or any(isinstance(item, tree.Sign) for item in kept):
            continue
        value = kept[place + 1]
        if place and words.option_of(kept[place - 1]) is not None:
            continue
        if not isinstance(value, tree.Number | tree.Extents) or option.type is OptionType.REAL:
            continue
        if option is words.size and isinstance(value, tree.Number):
            value = tree.Extents(f"{value.text}x{value.text}", value.span)
        del kept[place : place + 2]
        front.append(value)
    return (*front, *kept)


def _ordered(items: tuple[tree.Item, ...], words: Vocabulary) -> tuple[tree.Item, ...]:
    """Without commas, and the filters before their size, where nothing stands between the two."""
    kept = [item for place, item in enumerate(items) if not _idle_comma(items, place)]
    first = kept[:2]
    counted = words.count is not None and words.count.type is OptionType.COUNT
    if counted and len(first) == 2 and not _goes_on(kept[2:]):
        size, number = first
        if isinstance(size, tree.Extents) and isinstance(number, tree.Number):
            kept[:2] = [number, size]
    return tuple(kept)


def _idle_comma(items: tuple[tree.Item, ...], place: int) -> bool:
    """Whether a comma stands behind a value, where leaving it out joins nothing."""
    item = items[place]
    if not isinstance(item, tree.Mark) or item.text != "," or not place:
        return False
    following = items[place + 1] if place + 1 < len(items) else None
    apart = not isinstance(following, tree.Sign)
    return apart and isinstance(items[place - 1], tree.Number | tree.Extents)


def _goes_on(items: list[tree.Item]) -> bool:
    """Whether a number is part of a formula."""
    return bool(items) and isinstance(items[0], tree.Sign)


def _one_layer(layer: tree.Layer, head: _Head, items: tuple[tree.Item, ...]) -> bool:
    """Whether nothing of the layer was cut off for others."""
    return len(items) + len(head.words) >= len(layer.items) + len(layer.words) or head.own


def _by_custom(
    items: tuple[tree.Item, ...],
    layer: tree.Layer,
    head: _Head,
    words: Vocabulary,
    around: Surroundings,
    noted: list[Noted],
) -> tuple[tree.Item, ...]:
    """What papers leave out: ``maxpool`` is 2x2 at stride 2, ``maxpool/2`` halves, ``up-conv`` doubles."""
    if layer.claim is not None or not _decides(around, head.kind):
        return items
    place = head.words[0].span if head.words else layer.span
    size = bool(bare_values(items, words).sizes) or any(words.option_of(item) is words.size for item in items)
    if head.kind.alone and not items and not head.own and not around.patterned:
        return _alone(head, place, noted)
    over = next(
        (item for item in head.items if isinstance(item, tree.Mark | tree.Sign) and item.text == "/"), None
    )
    if head.kind.alone and over is not None and not size:
        step = _step(items, words)
        numbers = bare_values(items, words).numbers
        if isinstance(step, tree.Number) and step.text.isdecimal() and not numbers:
            noted.append(Noted(layer.span, ""))
            return (tree.Extents(f"{step.text}x{step.text}", step.span), *items)
    counted = words.count is None or bool(bare_values(items, words).numbers) or _counted(items, words)
    written = around.findings.source.text[place.start : place.end].lower().replace("–", "-").replace("−", "-")
    if written in head.kind.steps_by_kernel and _step(items, words) is None and counted:
        return _stepping(items, words, place, layer, noted)
    if head.listed and not any(_is_padding(item, words) for item in items) and not _is_one(items):
        noted.append(Noted(layer.span, "no padding is written: `pad 1` or `same` keeps the extents"))
    return items


def _counted(items: tuple[tree.Item, ...], words: Vocabulary) -> bool:
    return any(words.option_of(item) is words.count for item in items)


def _decides(around: Surroundings, kind: type[Layer]) -> bool:
    return around.served is not None and kind not in around.served


def _is_one(items: tuple[tree.Item, ...]) -> bool:
    return any(isinstance(item, tree.Extents) and item.text.split("x")[:2] == ["1", "1"] for item in items)


def _is_padding(item: tree.Item, words: Vocabulary) -> bool:
    option = words.option_of(item)
    named = isinstance(item, tree.Word) and item.text.lower() in ("same", "valid")
    return named or (option is not None and option.type is OptionType.PADDING)


def _alone(head: _Head, place: Span, noted: list[Noted]) -> tuple[tree.Item, ...]:
    readings = head.kind.alone
    if len(readings) > 1:
        raise TwoWays(place, *((f"{head.kind.keyword} {reading}", "") for reading in readings))
    noted.append(Noted(place, "as tables of papers mean it"))
    size, word, number = readings[0].split()
    return (tree.Extents(size, place), tree.Word(word, place), tree.Number(number, place))


def _step(items: tuple[tree.Item, ...], words: Vocabulary) -> tree.Item | None:
    """The value of the stride."""
    for place, item in enumerate(items[:-1]):
        over = isinstance(item, tree.Mark) and item.text == "/"
        if over or (words.stride is not None and words.option_of(item) is words.stride):
            return items[place + 1]
    return None


def _stepping(
    items: tuple[tree.Item, ...], words: Vocabulary, place: Span, layer: tree.Layer, noted: list[Noted]
) -> tuple[tree.Item, ...]:
    """A stride of the kernel: 2x2, where none is written (Ronneberger, Fischer, Brox, 2015, figure 1)."""
    sizes: list[Any] = [*bare_values(items, words).sizes]
    sizes += [items[at + 1] for at, item in enumerate(items[:-1]) if words.option_of(item) is words.size]
    if any(not isinstance(size, tree.Number | tree.Extents) for size in sizes):
        return items
    noted.append(Noted(layer.span, "an up-convolution moves by its kernel"))
    if not sizes:
        return (*items, tree.Extents("2x2", place), tree.Word("stride", place), tree.Number("2", place))
    extents = sizes[0].text.lower().replace("×", "x").split("x")[:2]
    value = extents[0].strip() if len(set(extents)) == 1 else "x".join(extent.strip() for extent in extents)
    number = tree.Number if "x" not in value else tree.Extents
    return (*items, tree.Word("stride", place), number(value, place))


def _separable(
    layer: tree.Layer, head: _Head, items: tuple[tree.Item, ...], words: Vocabulary
) -> list[tree.Layer]:
    """A depthwise convolution without bias and one of 1x1: the filters count those of the second."""
    place = head.words[0].span
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
    span = Span(place.start, layer.span.end)
    first = tree.Layer(None, (tree.Word("DEPTHWISE", place),), False, (), "", span)
    no_bias = (tree.Word("no", place), tree.Word("bias", place))
    one = _made(first, _Head(depthwise, (), False, first.words, ()), (*window, *no_bias))
    size = tree.Extents("1x1", place)
    two = _made(layer, head._replace(words=(tree.Word("CONV", place),)), _with_size(tuple(points), size))
    return [one, two]


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


def _made(layer: tree.Layer, head: _Head, items: tuple[tree.Item, ...]) -> tree.Layer:
    """The layer as the grammar would have it: words up to the first value, then items."""
    if head.own:
        return layer._replace(words=head.label, labelled=True, items=items)
    if head.label:
        return layer._replace(words=head.label, labelled=True, items=(*head.words, *items))
    end = 0
    while end < len(items) and isinstance(items[end], tree.Word):
        end += 1
    lead = items[:end]
    words = (*head.words, *(item for item in lead if isinstance(item, tree.Word)))
    return layer._replace(words=words, labelled=False, items=items[end:])


def _span_of(head: _Head) -> Span:
    spans = [part.span for part in (*head.label, *head.words, *head.items)]
    return Span(min(span.start for span in spans), max(span.end for span in spans))
