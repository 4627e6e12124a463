"""A dash between a kind and its numbers: ``FC – 4096 neurons``."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from netdsl.layers.layer import Layer
from netdsl.layers.registry import implied_kind, kind_named
from netdsl.syntax import tree


def bare_kind(element: Any) -> type[Layer] | None:
    """The kind of a layer that is nothing but its name, with or without a label, and needs numbers."""
    if not isinstance(element, tree.Layer) or element.remark or bool(element.items) is not element.labelled:
        return None
    named = element.items if element.labelled else element.words
    words = [item.text for item in named if isinstance(item, tree.Word)]
    kind = kind_named(" ".join(words)) if len(words) == len(named) else None
    needs = kind is not None and any(option.required for option in kind.options().values())
    return kind if needs else None


def numbers_behind(element: Any, kind: type[Layer], taken: Container[str]) -> bool:
    """Whether a layer is nothing but numbers and what they count, which means the kind: ``4096 neurons``."""
    if not isinstance(element, tree.Layer) or element.labelled or element.claim is not None:
        return False
    named = [item for item in (*element.words, *element.items) if isinstance(item, tree.Word)]
    leads = element.items and element.items[0].span.start < element.words[0].span.start if named else False
    return bool(leads) and all(implied_kind(word.text) is kind and word.text not in taken for word in named)


def undashed(first: tree.Layer, second: tree.Layer) -> tree.Layer:
    """Both as one layer."""
    items = tuple(sorted((*first.items, *second.words, *second.items), key=lambda item: item.span.start))
    return first._replace(items=items, remark=second.remark, span=first.span.to(second.span))
