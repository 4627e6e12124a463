"""Layers without a kind: ``3x3, 64``, ``64 filters of 3x3``, ``F=3 S=1 P=1 K=64``."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import NamedTuple

from netdsl.graph.papers.names import glued
from netdsl.graph.papers.sizes import maps_of, products
from netdsl.graph.papers.vocabulary import TwoWays
from netdsl.layers.layer import Layer
from netdsl.layers.registry import implied_kind, kind_named
from netdsl.source import Span
from netdsl.syntax import tree


class Implied(NamedTuple):
    """The kind that values mean without its name; ``listed`` where only a table's order of values says so."""

    kind: type[Layer]
    listed: bool


def implied_by(parts: Sequence[tree.Item], numbers: Container[str], before: int) -> Implied | None:
    """The kind that the values of a layer mean, up to ``before``; None where nothing says which.

    Raises TwoWays for what can be read in two ways.
    """
    shown = parts[:before]
    for item in shown:
        kind = implied_kind(item.text) if isinstance(item, tree.Word) and item.text not in numbers else None
        if kind is not None:
            return Implied(kind, False)
    conv = kind_named("CONV")
    assert conv is not None
    span = parts[0].span.to(parts[-1].span)
    maps = next((found for found in map(maps_of, shown) if found is not None), None)
    if maps is not None:
        raise TwoWays(
            span,
            (f"CONV {maps.number} {maps.size}", "filters and their size"),
            (f"[{maps.volume}] CONV {maps.number} 5x5", "the volume that a layer makes; say which layer"),
        )
    letters = _letters(shown, numbers)
    if {"F", "K"} <= letters or {"k", "n"} <= letters:
        return Implied(conv, False)
    moves = "".join(
        f" {word} {_value_of(shown, letter)}"
        for letters_of_word, word in (("Ss", "stride"), ("Pp", "pad"))
        for letter in letters_of_word
        if letter in letters
    )
    if {"f", "k"} <= letters:
        f, k = (_value_of(shown, letter) for letter in "fk")
        raise TwoWays(
            span, (f"CONV {k} {f}x{f}{moves}", f"{k} filters"), (f"CONV {f} {k}x{k}{moves}", f"{f} filters")
        )
    if letters & {"F", "k"} and letters & {"S", "s"}:
        extent = _value_of(shown, "F" if "F" in letters else "k")
        raise TwoWays(
            span,
            (f"MAX POOL {extent}x{extent}{moves}", "a pool has a size and a stride"),
            (f"CONV 64 {extent}x{extent}{moves}", "a convolution has a number of filters, too"),
        )
    first = parts[0]
    counted = any(isinstance(item, tree.Number) for item in shown[1:])
    sized = isinstance(first, tree.Number) and any(isinstance(item, tree.Extents) for item in shown[1:3])
    product = next(products(tuple(shown)), None)  # `3*3, 64`
    multiplied = (
        product is not None
        and product[0] == 0
        and any(isinstance(item, tree.Number) for item in shown[product[1] :])
    )
    if (isinstance(first, tree.Extents) and counted) or sized or multiplied:
        return Implied(conv, True)
    return None


def _letters(parts: Sequence[tree.Item], numbers: Container[str]) -> set[str]:
    """The letters with a value behind them."""
    found = set()
    for index, item in enumerate(parts):
        if isinstance(item, tree.Word) and item.text not in numbers:
            apart = glued(item.text)
            behind = parts[index + 1] if index + 1 < len(parts) else None
            if apart is not None and apart.extents:
                found.add(apart.name)
            elif isinstance(behind, tree.Mark | tree.Number):
                found.add(item.text)
    return found


def _value_of(parts: Sequence[tree.Item], letter: str) -> str:
    """The number of a letter, which may be glued to it."""
    for index, item in enumerate(parts):
        apart = glued(item.text) if isinstance(item, tree.Word) else None
        if apart is not None and apart.name == letter and apart.extents:
            return apart.extents
        if isinstance(item, tree.Word) and item.text == letter:
            behind = (found.text for found in parts[index + 1 : index + 3] if isinstance(found, tree.Number))
            return next(behind, "1")
    return "1"


def written_span(parts: Sequence[tree.Item]) -> Span:
    return parts[0].span.to(parts[-1].span)
