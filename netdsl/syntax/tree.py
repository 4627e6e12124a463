"""The tree of a network file: what is written, with its place, and nothing of what it means.

Every node is immutable and ends in the span that it covers. Kinds of layers are unknown here: a
layer is its words and the items that follow.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from netdsl.source import Span


class Word(NamedTuple):
    """A name or keyword as written: ``CONV1``, ``filters``."""

    text: str
    span: Span


class Number(NamedTuple):
    """A number as written: ``96``, ``61,706``, ``5e-4``, ``70M``."""

    text: str
    span: Span


class Extents(NamedTuple):
    """Numbers joined by ``x`` as written: ``11x11``, ``227 x 227 x 3``."""

    text: str
    span: Span


class Mark(NamedTuple):
    """A sign between the items of a layer: ``,``, ``=`` or ``/``."""

    text: str
    span: Span


Value: TypeAlias = Number | Extents
Item: TypeAlias = Word | Number | Extents | Mark


class Claim(NamedTuple):
    """The volume stated before a layer, ``[55x55x96]``; the span has the brackets."""

    value: Value
    span: Span


class Layer(NamedTuple):
    """One layer, or one entry of a ``where`` block.

    ``words`` are those before the colon, or before the first number where there is no colon;
    ``labelled`` says that a colon follows them. ``remark`` keeps its parentheses.
    """

    claim: Claim | None
    words: tuple[Word, ...]
    labelled: bool
    items: tuple[Item, ...]
    remark: str
    span: Span


class Where(NamedTuple):
    """The ``where { }`` of a group: one entry per kind of layer."""

    entries: tuple[Layer | Unreadable, ...]
    span: Span


class Group(NamedTuple):
    """``[ ... ]``, repeated ``times`` where a count is written."""

    elements: tuple[Element, ...]
    times: Number | None
    where: Where | None
    span: Span


class Unreadable(NamedTuple):
    """Stands where a layer could not be parsed; its mistake is already reported."""

    span: Span


Element: TypeAlias = Layer | Group | Unreadable


class NetName(NamedTuple):
    """``net LeNet-5``."""

    title: str
    span: Span


class Default(NamedTuple):
    """``default CONV 3x3 pad 1``; the layer's words begin with a kind or with ``activation``."""

    layer: Layer | Unreadable
    span: Span


class Expect(NamedTuple):
    """``expect params <= 70M``."""

    subject: tuple[Word, ...]
    relation: str
    value: Value
    span: Span


Statement: TypeAlias = NetName | Default | Expect | Layer | Group | Unreadable


class File(NamedTuple):
    """A whole file; chains are taken apart into their layers and groups."""

    statements: tuple[Statement, ...]
    span: Span
