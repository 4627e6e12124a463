"""Names of layers that other programs have: those that netdsl has not, and activations by their class."""

from __future__ import annotations

import re

from netdsl.layers.registry import all_kinds, kind_named
from netdsl.source import Span

DIMENSIONS = re.compile(r"[123][dD](?=[A-Z]|\Z)")
REACH = 80
"""Characters on each side of a name in which the rest of it is looked for."""

_ACTIVATIONS = frozenset(
    (
        *("softplus", "softsign", "softmin", "celu", "glu", "geglu", "swiglu", "rrelu"),
        *("hardtanh", "hardshrink", "softshrink", "tanhshrink", "logsigmoid", "logsoftmax", "threshold"),
    )
)
_LAYERS = frozenset(
    ("maxblurpool", "embedding", "attention", "multiheadattention", "transformer", "lstm", "gru", "rnn")
)
"""What other programs have and netdsl has not, so that nothing near is what was meant."""

_WORDS = re.compile(r"([A-Za-z_]{1,40})(?:(?:[ \t]*-[ \t]*|[ \t]+)([A-Za-z_]{1,40}))?(?![A-Za-z_])")


def absent_kind(written: str) -> str:
    """What to say of a layer that netdsl does not have; empty for any other name."""
    plain = re.sub(r"[-_\s]+", "", DIMENSIONS.sub("", written)).lower()
    if plain in _LAYERS:
        return "netdsl has no such layer"
    if plain not in _ACTIVATIONS:
        return ""
    activations = [kind.keyword for kind in all_kinds() if kind.is_activation]
    return in_one_line("netdsl has no such layer; its activations are", activations)


def in_one_line(lead: str, names: list[str]) -> str:
    """A list of names, to be folded where it is shown."""
    return f"{lead} {', '.join(names)}"


def absent_words(text: str, name: Span) -> tuple[str, Span]:
    """``soft plus`` and ``soft-plus``, which netdsl does not have, where ``name`` is a part of it."""
    start = max(0, name.start - REACH)
    before = text[start : name.start].rpartition("\n")[2]
    first = re.search(r"[A-Za-z_]{1,40}[ \t]*-[ \t]*\Z", before)
    for begin in (name.start, name.start - len(first[0]) if first else name.start):
        words = _WORDS.match(text, begin)
        for end in (words.end(), words.end(1)) if words is not None else ():
            if absent_kind(text[begin:end]) and begin <= name.start < end:
                return text[begin:end], Span(begin, end)
    return "", name


def activation_named(text: str, name: Span) -> tuple[str, Span] | None:
    """``Activation relu``: the activation, and the place of both words."""
    if text[name.start : name.end].lower() != "activation":
        return None
    words = _ARGUMENT.match(text, name.end)
    meant = kind_named(words[1]) if words is not None else None
    if words is None or meant is None or not meant.is_activation:
        return None
    return meant.keyword, Span(name.start, words.end())


_ARGUMENT = re.compile(r"[ \t]*[:=]?[ \t]*([A-Za-z_]\w{0,40}(?:[ \t]+(?i:relu|sigmoid|swish))?)")
