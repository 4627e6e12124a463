"""The text of a layer that has been put into our words: what the formatter writes in its place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from netdsl.source import Source, Span
from netdsl.syntax import tree

_TIGHT_BEFORE = frozenset((",", ":", ")", "*", "+"))
_TIGHT_BEHIND = frozenset(("/", "(", "*", "+"))


class Change(NamedTuple):
    """A place of the file, and what stands there in our words."""

    span: Span
    text: str


def rewritten(text: str, changes: Iterable[Change]) -> str:
    """A text with all changes that lie in it."""
    parts: list[str] = []
    end = 0
    for change in sorted(changes):
        if end <= change.span.start and change.span.end <= len(text):
            parts += (text[end : change.span.start], change.text)
            end = change.span.end
    return "".join((*parts, text[end:]))


def layers_text(layers: Iterable[tree.Layer], source: Source) -> str:
    """``CONV 64 3x3 pad 1 - RELU``."""
    return " - ".join(_layer(layer, source) for layer in layers)


def _layer(layer: tree.Layer, source: Source) -> str:
    claim = f"[{layer.claim.value.text}] " if layer.claim else ""
    words = " ".join(word.text for word in layer.words)
    items = _items(layer.items, source)
    head = f"{words}{':' if layer.labelled else ''}"
    first = layer.items[0] if layer.items else None
    divides = isinstance(first, tree.Sign) and first.text in "/*" and not layer.labelled  # `CONV width/2`
    between = " " if items and head and not divides else ""
    return f"{claim}{head}{between}{items}{' ' if layer.remark else ''}{layer.remark}"


def _items(items: tuple[tree.Item, ...], source: Source) -> str:
    text, tight = "", True
    for item in items:
        written = source.excerpt(item.span) if isinstance(item, tree.Table) else item.text
        sign = written if isinstance(item, tree.Mark | tree.Sign) else ""
        divides = isinstance(item, tree.Sign) and sign == "/"
        before = sign in _TIGHT_BEFORE or divides
        text += f"{'' if tight or before else ' '}{written}"
        tight = sign in _TIGHT_BEHIND
    return text
