"""Finds the kind in the words of a copied layer, and takes words apart that numbers are glued to."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import NamedTuple

from netdsl.layers.layer import Layer
from netdsl.layers.registry import kind_named, plain_name, short_name
from netdsl.syntax import tree

LONGEST = 4
"""Words of a name of a kind."""

SEPARABLE = frozenset(
    (
        "SEPARABLE CONV",
        "SEPARABLE CONVOLUTION",
        "DEPTHWISE SEPARABLE CONV",
        "DEPTHWISE SEPARABLE CONVOLUTION",
        "SEPCONV",
        "SEP CONV",
        "SEPARABLECONV",
        "SEPARABLECONV2D",
    )
)
"""A depthwise convolution and one of 1x1 behind it (Chollet, 2017, "Xception", section 1.1)."""


def is_separable(name: str) -> bool:
    """Whether a name means a separable convolution."""
    return plain_name(name) in SEPARABLE


_GLUED = re.compile(r"([A-Za-z_]*[A-Za-z])_?([0-9]+(?:[xX×][0-9]+)*)?(?:[-–−]([0-9][0-9,.]*))?\Z")


_TWICE = re.compile(r"([A-Za-z_]*[A-Za-z])[-–−]([0-9]+)-([0-9]+)\Z")


class Glued(NamedTuple):
    """``conv3x3-64``: a name, the extents behind it, and the number behind a hyphen; empty where there are
    none. ``hyphened`` where both stand behind hyphens, in either order: ``CONV-9-32``."""

    name: str
    extents: str
    number: str
    hyphened: bool = False

    @property
    def is_label(self) -> bool:
        """``CONV1``: the number of a layer, as far as anyone can tell."""
        return not self.number and "x" not in self.extents


def glued(word: str) -> Glued | None:
    """The parts of a word with numbers in it; None for a word without."""
    twice = _TWICE.match(word)
    if twice is not None:
        return Glued(twice[1], twice[2], twice[3], True)
    found = _GLUED.match(word)
    if found is None or not (found[2] or found[3]):
        return None
    extents = (found[2] or "").lower().replace("×", "x")
    return Glued(found[1], extents, found[3] or "")


class Named(NamedTuple):
    """The kind that a run of words names: ``words`` are those that stay, ``switches`` the options that the
    name holds, ``length`` how many words it takes. ``separable`` where it means two layers."""

    kind: type[Layer]
    words: tuple[tree.Word, ...]
    switches: tuple[tree.Word, ...]
    length: int
    separable: bool = False
    glued: Glued | None = None


def kind_at(parts: Sequence[tree.Item], index: int, taken: Container[str]) -> Named | None:
    """The kind that the words from ``index`` on name, the longest name first; ``taken`` are names of numbers
    and blocks, which mean no kind."""
    run: list[tree.Word] = []
    for item in parts[index : index + LONGEST]:
        if not isinstance(item, tree.Word):
            break
        run.append(item)
    if not run or run[0].text in taken:
        return None
    for length in range(len(run), 0, -1):
        found = _named(tuple(run[:length]))
        if found is not None:
            return found
    return None


def _named(run: tuple[tree.Word, ...]) -> Named | None:
    name = " ".join(word.text for word in run)
    span = run[0].span.to(run[-1].span)
    if plain_name(name) in SEPARABLE:
        conv = kind_named("CONV")
        assert conv is not None
        return Named(conv, (tree.Word("CONV", span),), (), len(run), separable=True)
    short = short_name(name)
    if short is not None:
        words = tuple(tree.Word(word, span) for word in short[0].keyword.split())
        return Named(short[0], words, (tree.Word(short[1], span),), len(run))
    kind = kind_named(name)
    if kind is not None:
        return Named(kind, run, (), len(run))
    apart = glued(run[-1].text)
    if apart is None or apart.is_label:
        return None
    stem = tree.Word(apart.name, run[-1].span)
    found = _named((*run[:-1], stem))
    return None if found is None else found._replace(glued=apart)
