"""`same weights as LABEL`: a layer, or the use of a block, that works with the weights of an earlier one."""

from __future__ import annotations

from collections.abc import Container

from netdsl.diagnostics import Findings
from netdsl.graph.expanded_layers import EntryRole, ExpandedLayer, LayerHead, Phrase, WeightOwner
from netdsl.graph.expressions.environment import LayerOutput
from netdsl.graph.names.kinds_and_labels import read_head
from netdsl.graph.names.labels import Labels, find_label
from netdsl.graph.options.assignment import FILLERS
from netdsl.syntax import tree

CANONICAL = ("same", "weights", "as")
_PHRASES = frozenset(
    [
        CANONICAL,
        ("weights", "shared", "with"),
        *((word, "weights", "with") for word in ("share", "shares", "shared", "sharing")),
    ]
)
_FIRST = frozenset(phrase[0] for phrase in _PHRASES)
_EXAMPLE = "`b: CONV same weights as a`"


def split_phrase(items: tuple[tree.Item, ...]) -> tuple[tuple[tree.Item, ...], Phrase | None]:
    """The items of a layer without the phrase, and the phrase; None where there is none."""
    for index, item in enumerate(items):
        if isinstance(item, tree.Word) and item.text.lower() in _FIRST:
            words = [part for part in items[index : index + 3] if isinstance(part, tree.Word)]
            if tuple(word.text.lower() for word in words) in _PHRASES:
                label = items[index + 3] if index + 3 < len(items) else None
                named = label if isinstance(label, tree.Word) else None
                end = index + 3 + (named is not None)
                span = item.span.to(items[end - 1].span)
                return (*items[:index], *items[end:]), Phrase(named, span)
    return items, None


def spelled(items: tuple[tree.Item, ...]) -> dict[int, str]:
    """The canonical words of the phrase by the offsets of those that are written; the label stays."""
    _, phrase = split_phrase(items)
    if phrase is None:
        return {}
    words = [item for item in items if item.span.start >= phrase.span.start][:3]
    return {word.span.start: text for word, text in zip(words, CANONICAL, strict=True)}


def without_phrase(head: LayerHead) -> LayerHead:
    """The head of a layer with the phrase apart from its options."""
    rest, phrase = split_phrase(head.rest)
    return head if phrase is None else head._replace(rest=rest, shares=phrase)


def layer_head(layer: tree.Layer, names: Container[str] = ()) -> LayerHead:
    """The kind and the label of a layer, the phrase apart; neither of `3x3, 64`, which has no words."""
    if not layer.words:
        return LayerHead(None, "", "", layer.span, layer.items)
    return without_phrase(read_head(layer, names))


def own_layers_only(head: LayerHead, findings: Findings) -> LayerHead:
    """The head of what is said of several layers at once; a phrase is reported."""
    if head.shares is not None:
        message = "weight sharing is stated for each layer separately"
        findings.add("ND248", message, head.shares.span, help=(f"write {_EXAMPLE}",))
    return head


class Sharing:
    """Finds the layers whose weights others work with."""

    def __init__(self, layers: list[ExpandedLayer], findings: Findings) -> None:
        self._layers = layers
        self._findings = findings

    def owner(self, phrase: Phrase, labels: Labels, passed: LayerOutput | None) -> WeightOwner | None:
        """The layer that has the weights of another; None, with a finding, where there is none."""
        named = self._named(phrase)
        if named is None:
            return None
        found = passed or find_label(named, labels, self._findings, sign="")
        return None if found is None else WeightOwner(found.position, phrase.span)

    def _named(self, phrase: Phrase) -> tree.Reference | None:
        if phrase.label is None:
            message = "`same weights as` names the layer that has the weights"
            self._findings.add("ND248", message, phrase.span, help=(f"write {_EXAMPLE}",))
            return None
        return tree.Reference(phrase.label.text, True, phrase.label.span)

    def nothing_to_share(self, phrase: Phrase, what: str) -> None:
        """Report the phrase where there are no weights of its own to do without."""
        cure = f"write it at the layer that shares: {_EXAMPLE}"
        self._findings.add("ND248", f"{what}, so nothing is shared", phrase.span, help=(cure,))

    def behind(self, written: tree.Call, labels: Labels, block: tree.Block, first: int) -> None:
        """What stands behind a use of a block, whose layers begin with ``first``: an earlier use."""
        rest, phrase = split_phrase(written.tail)
        idle = all(isinstance(word, tree.Word) and word.text.lower() in FILLERS for word in rest)
        if phrase is not None and idle:
            self._pair(phrase, labels, block, first)
            return
        message = f"`{block.name.text}` is a block and takes no such option"
        cure = "a use of a block is followed by how often, or by `same weights as` an earlier one"
        span = written.tail[0].span.to(written.tail[-1].span)
        self._findings.add("ND248", message, span, help=(cure,))

    def _pair(self, phrase: Phrase, labels: Labels, block: tree.Block, first: int) -> None:
        """Let a use of a block, the layers from ``first`` on, share with those of an earlier use in order."""
        named = self._named(phrase)
        if named is None:
            return
        if named.name == block.name.text and labels.get(named) is None:
            message = f"`{named.name}` is the block, and it may be used often"
            cure = f"label the use that has the weights, `a: {named.name}`, and name the label"
            self._findings.add("ND248", message, phrase.span, help=(cure,))
            return
        if find_label(named, labels, self._findings, sign="") is None:
            return
        use = labels.use(named.name)
        if use is None or use.block is not block:
            message = f"`{named.name}` is not a use of the block `{block.name.text}`"
            cure = f"label one: `{named.name}: {block.name.text}`"
            self._findings.add("ND248", message, phrase.span, help=(cure,))
            return
        layers, earlier = self._layers[first:], self._layers[use.first : use.end]
        if [expanded.entry for expanded in layers] != [expanded.entry for expanded in earlier]:
            message = f"this use of `{block.name.text}` has different layers from `{named.name}`"
            cure = "give both the same arguments, and repeat both equally often"
            self._findings.add("ND248", message, phrase.span, help=(cure,))
            return
        for number, expanded in enumerate(layers):
            weighs = not isinstance(expanded.entry, tree.Unreadable) and expanded.role is not EntryRole.JOIN
            if weighs and expanded.shares is None:
                owner = WeightOwner(use.first + number, phrase.span, whole=True)
                self._layers[first + number] = expanded._replace(shares=owner)
