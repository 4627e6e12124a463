"""Which kind a copied layer is, what it is called, and which options are left."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from netdsl.diagnostics import Findings
from netdsl.graph.names.kind_modifiers import modifier_in
from netdsl.graph.names.kind_suggestions import nearest_kind
from netdsl.graph.names.kinds_and_labels import read_head
from netdsl.graph.options.assignment import FILLERS
from netdsl.graph.papers.glued_values import glued_values
from netdsl.graph.papers.kindless import implied_by, written_span
from netdsl.graph.papers.names import Glued, Named, kind_at
from netdsl.graph.papers.vocabulary import Vocabulary, bare_values, vocabulary
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


class Heading(NamedTuple):
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


def heading_of(layer: tree.Layer, around: Surroundings) -> Heading | None:
    taken = around.numbers | around.blocks
    if layer.labelled and not _ends_with_letter(layer, around, taken):
        return _labelled(layer, around, taken)
    layer = layer._replace(labelled=False)
    parts = tuple(sorted((*layer.words, *layer.items), key=lambda item: item.span.start))
    if (layer.words and layer.words[0] is parts[0]) or _single_lead(layer):
        lead = parts[: parts.index(layer.words[0])]
        named = kind_at(layer.words, 0, taken)
        if named is not None and (named.glued or named.separable or named.switches):
            return named_heading((), named, (*lead, *parts[len(lead) + named.length :]))
        head = read_head(layer, around.numbers) if layer.words[0].text not in around.blocks else None
        if head is not None and head.kind is not None:
            own = layer.words[: _length(head.label)] if head.label else ()
            words = own or _kind_words(head.kind, head.written, head.span)
            return Heading(head.kind, own, bool(own), words, head.rest)
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


def _labelled(layer: tree.Layer, around: Surroundings, taken: Container[str]) -> Heading | None:
    label = tuple(_plain_label(word) for word in layer.words)
    items = layer.items
    two = _separable_in(layer, taken)
    if two is not None:
        return two
    said = {
        item.text.lower().replace("/", "stride") for item in items if isinstance(item, tree.Word | tree.Mark)
    }
    if modifier_in([word.text for word in label], said):
        return None
    valued = bool(items) and isinstance(items[0], tree.Number | tree.Extents)
    label, chained = _without_activation(label, taken) if valued else (label, ())
    if chained:
        layer = layer._replace(words=label, items=(*items, *chained))
        items = layer.items
    start = next((index for index, item in enumerate(items) if isinstance(item, tree.Word)), len(items))
    named = kind_at(items, start, taken)
    if named is not None and (named.glued or named.separable or named.switches):
        return named_heading(label, named, (*items[:start], *items[start + named.length :]))
    switched = _switched(items, start, taken)
    if named is None and switched is not None:
        return named_heading(
            label, switched, (*items[:start], items[start], *items[start + 1 + switched.length :])
        )
    noted = kind_at(layer.words, 0, taken)
    if noted is not None and noted.length == len(layer.words) and noted.glued is not None:
        known = vocabulary(noted.kind, around.numbers)
        bare = bare_values(items, known)
        inner = named is not None and not known.knows(items[start].text)  # type: ignore[union-attr]
        if not (bare.numbers or bare.sizes or inner):
            return named_heading((), noted, items)
    head = read_head(layer._replace(words=label), around.numbers)
    if head.kind is not None:
        spelled = bool(chained) or label != layer.words
        own = bool(head.label) and head.span == label[0].span.to(label[-1].span)
        words = () if own else _kind_words(head.kind, head.written, head.span)
        return Heading(head.kind, label if head.label else (), own, words, head.rest, spelled=spelled)
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


def _separable_in(layer: tree.Layer, taken: Container[str]) -> Heading | None:
    """``stem separable conv1: 64 3x3``: a label that says what the layer is."""
    words = [word._replace(text=word.text.rstrip("0123456789")) for word in layer.words]
    for index in range(len(words)):
        named = kind_at(words, index, taken)
        if named is not None and named.separable:
            whole = words == list(layer.words)
            label = layer.words[:index] if whole else ()
            return named_heading(label, named, layer.items)
    return None


def _without_activation(
    label: tuple[tree.Word, ...], taken: Container[str]
) -> tuple[tuple[tree.Word, ...], tuple[tree.Item, ...]]:
    """``Convolution layer with ReLU:``: the label, and the activation that stands behind the layer."""
    first = kind_at(label, 0, taken)
    for index in range(1, len(label) - 1) if first is not None and first.kind.has_weights else ():
        if label[index].text.lower() in _BEHIND:
            named = kind_at(label, index + 1, taken)
            if named is not None and named.kind.is_activation:
                return label[:index], (tree.Mark(",", label[index].span), *label[index + 1 :])
    return label, ()


_BEHIND = ("with", "and", "plus")


def _switched(items: tuple[tree.Item, ...], index: int, taken: Container[str]) -> Named | None:
    """``global average pooling`` behind a label: the kind, behind the word of an option without a value."""
    named = kind_at(items, index + 1, taken)
    word = items[index] if index < len(items) else None
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


def named_heading(label: tuple[tree.Word, ...], named: Named, rest: tuple[tree.Item, ...]) -> Heading | None:
    words: tuple[tree.Word, ...] = named.words
    items: tuple[tree.Item, ...] = (*named.switches, *rest)
    if named.glued is not None:
        values = glued_values(named, rest)
        if values is None:
            return None
        words, values = _cut(words, named.glued), values
        items = (*named.switches, *values, *rest)
    listed = named.glued is not None and named.glued.hyphened and named.kind.has_weights
    return Heading(named.kind, label, False, words, items, named.separable, listed=listed, spelled=True)


def _cut(words: tuple[tree.Word, ...], apart: Glued) -> tuple[tree.Word, ...]:
    return (*words[:-1], tree.Word(apart.name, words[-1].span))


def _values_first(
    parts: tuple[tree.Item, ...], around: Surroundings, label: tuple[tree.Word, ...]
) -> Heading:
    """``64 3x3 conv``, ``64 filters of 3x3, ReLU``, ``3x3, 64``: the first kind named, or what is implied."""
    taken = around.numbers | around.blocks
    named, index = None, len(parts)
    conv = kind_named("CONV")
    assert conv is not None
    filters = vocabulary(conv, around.numbers)
    for number, item in enumerate(parts):
        option = filters.option_of(item)  # the `pad` of `1x1, 64, pad 0` is no PAD
        named = kind_at(parts, number, taken) if isinstance(item, tree.Word) and option is None else None
        if named is not None and _lead(parts[:number], vocabulary(named.kind, around.numbers)):
            index = number
            break
        named = None
    leading = named is not None and (
        named.kind.has_weights or named.kind.inputs == 0 or has_values(named.kind)
    )
    implied = implied_by(parts, around.numbers, index) if not leading or _behind_comma(parts, index) else None
    if implied is not None and named is not None and implied.kind is named.kind:
        implied = None
    if implied is not None and not (leading and implied.listed):
        words = tuple(tree.Word(word, parts[0].span) for word in implied.kind.keyword.split())
        return Heading(implied.kind, label, False, words, parts, listed=implied.listed, spelled=True)
    if named is None:
        raise NoKindError(written_span(parts))
    rest = (*parts[:index], *parts[index + named.length :])
    head = named_heading(label, named, rest)
    if head is None:
        raise NoKindError(written_span(parts))
    return head._replace(spelled=True)


def _lead(parts: tuple[tree.Item, ...], words: Vocabulary) -> bool:
    """Whether nothing but values and nouns stands before a kind: ``64 filters, 3x3 conv``."""
    named = [item.text.lower() for item in parts if isinstance(item, tree.Word)]
    return all(word in words.fillers or word in FILLERS for word in named)


def has_values(kind: type[Layer]) -> bool:
    return any(option.positional for option in kind.options().values())


def _behind_comma(parts: tuple[tree.Item, ...], index: int) -> bool:
    before = parts[index - 1] if index else None
    return isinstance(before, tree.Mark) and before.text == ","


def made(layer: tree.Layer, head: Heading, items: tuple[tree.Item, ...]) -> tree.Layer:
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
