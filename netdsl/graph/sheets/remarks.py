"""What the remark of a layer says and the layer does not do: ``FC 10 (softmax)``, ``(same padding)``."""

from __future__ import annotations

import re

from netdsl.graph.network import Node
from netdsl.graph.sheets.items import KIND, NOUN, SWITCH, VALUE, Item, UnknownError, items_of
from netdsl.graph.sheets.vocabulary import ACTIVATIONS, POOLS, STRIDE
from netdsl.graph.sheets.words import pieces_of
from netdsl.quantities import Size

_UNUSED = re.compile(
    r"\s*(?:not (?:used|applied|needed)|unused|removed|omitted|disabled|skipped|left out)\s*\Z", re.IGNORECASE
)
_PADDED = re.compile(r"\s*(?:with\s+)?zero[\s-]+padd(?:ed|ing)\s*\Z", re.IGNORECASE)
_MANNER = re.compile(
    r"\s*(?P<word>depth-?wise|transposed|fractionally[\s-]strided|dilated|atrous|strided)"
    r"(?:\s+conv(?:olution)?)?\s*\Z",
    re.IGNORECASE,
)
_MANNERS = {
    "d": ("DEPTHWISE", ""),
    "t": ("DECONV", ""),
    "f": ("DECONV", ""),
    "di": ("dilation 2", "dilation"),
    "a": ("dilation 2", "dilation"),
    "s": ("stride 2", "stride"),
}
"""By the first letters: what to write, and the option that would say it already."""

_OPTIONS = ("same", "valid")

_CHAINED = (*ACTIVATIONS, *POOLS, "BN", "DROPOUT")


def said_in_vain(remark: str, node: Node, behind: set[str]) -> str:
    """The cure for a remark that says what neither its layer nor one behind it does; empty for prose."""
    if remark.lower() in _OPTIONS:  # which has a finding of its own
        return ""
    if _UNUSED.match(remark):
        return f"leave {node.layer.keyword} out if it is not meant"
    if _PADDED.match(remark):
        return "write `pad 1`, or how much it is, without parentheses" if _is_unpadded(node) else ""
    if manner := _MANNER.match(remark):
        return _manner_lost(manner["word"].lower(), node)
    try:
        items = items_of(pieces_of(remark))
    except UnknownError:
        return ""
    return next((cure for place in range(len(items)) if (cure := _lost(items, place, node, behind))), "")


def _manner_lost(word: str, node: Node) -> str:
    meant, option = _MANNERS[word[:2] if word[:2] in _MANNERS else word[0]]
    if node.layer.keyword != "CONV" or option in node.option_spans:
        return ""
    return f"write `{meant}`, or how much it is, without parentheses" if option else f"write `{meant}`"


def _lost(items: list[Item], place: int, node: Node, behind: set[str]) -> str:
    item, layer = items[place], node.layer
    if item.what == KIND:
        return _lost_kind(item.text.rstrip("?"), node, behind)
    if item.what == SWITCH and item.text == "same" and _is_unpadded(node):
        return "write `same` without parentheses"
    if item.what == SWITCH and item.text == "no bias" and getattr(layer, "bias", False):
        return "write `no bias` without parentheses"
    following = items[place + 1] if place + 1 < len(items) else None
    valued = following is not None and following.what == VALUE and following.text != "1"
    strides = item.what == NOUN and item.text == STRIDE and "stride" in layer.options()
    if strides and following is not None and valued and "stride" not in node.option_spans:
        return f"write `stride {following.text}` without parentheses"
    return ""


def _lost_kind(kind: str, node: Node, behind: set[str]) -> str:
    own = node.layer.keyword
    if kind in POOLS and own in POOLS:
        return f"write `{kind}`" if kind != own else ""
    if kind in ACTIVATIONS and own in ACTIVATIONS:
        return f"write `{kind}`" if kind not in own else ""
    chained = kind in _CHAINED and (node.layer.weighs or own in POOLS)
    return f"put ` - {kind}` behind the layer if it is meant" if chained and kind not in behind else ""


def _is_unpadded(node: Node) -> bool:
    sliding = "padding" in node.layer.options() and "padding" not in node.option_spans
    return sliding and getattr(node.layer, "kernel", None) != Size(1, 1)
