"""Kinds of layers that a remark speaks of: ``(with dropout 0.5)``, ``(no activation)``."""

from __future__ import annotations

import re

from netdsl.graph.sheets.vocabulary import ACTIVATIONS, POOLS, kind_of
from netdsl.graph.sheets.words import pieces_of
from netdsl.layers.registry import kind_named
from netdsl.rules.remarks.around import Around
from netdsl.rules.remarks.phrases import Bounds, is_denied, value_of, without

_CHAINED = (*ACTIVATIONS, *POOLS, "BN", "DROPOUT", "NORM", "LN", "GN")
_LONGEST = 4
"""Words of a name."""

_NOTHING = re.compile(
    r"\b(?:no|without) (?:an )?(?:activation|non-?linearity)\w*|\blinear(?: activation)?\b", re.IGNORECASE
)
_OTHER_MEANINGS = """
output outputs hidden image images readout input inputs scale step add skip pad pads stack drop shift reduce
reshape local project norm depthwise depth space global pointwise
"""
_OTHERWISE = frozenset(_OTHER_MEANINGS.split())
"""Words that are kinds and have other meanings in prose, or are topics."""


def about_kinds(text: str, around: Around) -> tuple[str, list[str]]:
    """A remark without the kinds that it names, and the cures for those that are not there."""
    cures: list[str] = []
    if _NOTHING.search(text):
        behind = [other.node.layer.keyword for other in around.behind[:1] if other.node.layer.is_activation]
        cures += [f"leave {kind} out after it" for kind in behind]
        text = _NOTHING.sub(" ", text)
    words = list(re.finditer(r"(?<!\w)[A-Za-z][\w-]*", text))
    index = 0
    while index < len(words):
        for length in range(min(_LONGEST, len(words) - index), 0, -1):
            run = words[index].start(), words[index + length - 1].end()
            kind = _kind(text[slice(*run)], around.keyword)
            if kind:
                cures.append(_cure(kind, text, run, around))
                # Other words have their places still.
                text = without(text, run, valued=kind == "DROPOUT")
                index += length - 1
                break
        index += 1
    return text, [cure for cure in cures if cure]


def _kind(said: str, own: str) -> str:
    """The kind that words name; empty for those that have other meanings."""
    if said.lower() in _OTHERWISE:
        return ""
    words = [piece.text for piece in pieces_of(said) if piece.kind == "word"]
    found = kind_of(words) if words else ""
    if found.endswith("?"):  # `average`
        return found[:-1] if own in POOLS and found[:-1] in POOLS else ""
    kind = None if found else kind_named(said.replace("-", " "))
    return found.removesuffix(" global").removesuffix(" 1x1") if kind is None else kind.keyword


def _cure(kind: str, text: str, bounds: Bounds, around: Around) -> str:
    own, denied = around.keyword, is_denied(text, bounds)
    if (kind in POOLS and own in POOLS) or (kind in ACTIVATIONS and own in ACTIVATIONS):
        same = kind in own if kind in ACTIVATIONS else kind == own
        return f"write `{kind}`" if same is denied else ""
    if kind == "FLATTEN" and own == "FC":
        return ""  # which it does by itself
    value = value_of(text, bounds) if kind == "DROPOUT" else ""
    if around.has_kind(kind):
        if denied and any(other.node.layer.keyword == kind for other in around.behind):
            return f"leave {kind} out after it"
        return f"write `{kind} {value}`" if value and value not in _rates(kind, around) else ""
    if denied:
        return ""
    if kind in _CHAINED:
        return f"put ` - {' '.join(filter(None, (kind, value)))}` after the layer if that is what you mean"
    return f"write `{kind}` as a separate layer if that is what you mean"


def _rates(kind: str, around: Around) -> set[str]:
    layers = (around.planned, *around.behind, *around.before)
    return {f"{getattr(one.node.layer, 'rate', 0):g}" for one in layers if one.node.layer.keyword == kind}
