"""The tree of a network file: what is written, with its place, and nothing of what it means.

Every node is immutable and ends in the span that it covers. Kinds of layers are unknown here: a
layer is its words and the items that follow.
"""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from netdsl.source import Span

_DASH = re.compile("[–−]")


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


class Range(NamedTuple):
    """Channels from one number to another as written: ``0-57``."""

    text: str
    span: Span


class Mark(NamedTuple):
    """A sign between the items of a layer: ``,``, ``=``, ``:`` before a value, or ``/``
    before a stride."""

    text: str
    span: Span


class Sign(NamedTuple):
    """A sign of arithmetic: ``*``, ``/`` without blanks, ``+``, ``-``, ``(``, ``)``."""

    text: str
    span: Span


class Table(NamedTuple):
    """``table { 0-2; 1-3 }``: for each row the numbers and signs in it."""

    rows: tuple[tuple[Number | Mark | Sign, ...], ...]
    span: Span


def spanned(text: str, span: Span) -> Range:
    """Channels from one to another, with whichever dash they are written."""
    return Range(_DASH.sub("-", text), span)


def signed(text: str, span: Span) -> Number:
    """A number below 0, with whichever minus it is written."""
    return Number(f"-{text[1:]}", span)


Value: TypeAlias = Number | Extents
Item: TypeAlias = Word | Number | Extents | Range | Mark | Sign | Table
Operand: TypeAlias = Word | Number | Extents | Sign

Sum: TypeAlias = tuple[Operand, ...]
"""Arithmetic as written: names and values with signs between them, parentheses in pairs."""


class Claim(NamedTuple):
    """The volume stated before a layer, ``[55x55x96]``; the span has the brackets."""

    value: Value
    span: Span


class Note(NamedTuple):
    """What notes state of a layer besides its volume: ``weights: (3*3*3)*64 = 1,728``."""

    subject: str
    text: str
    span: Span


class Layer(NamedTuple):
    """One layer, or one entry of a ``where`` block.

    ``words`` are those before the colon, or before the first number where there is no colon;
    ``labelled`` says that a colon follows them. ``remark`` keeps its parentheses. ``notes`` are
    those of a line like ``CONV3-64: [224x224x64] memory: ... weights: ...``, whose one word is
    ``CONV3-64``. Values may come before the words, ``64 3x3 conv``, and without any: ``3x3, 64``.
    """

    claim: Claim | None
    words: tuple[Word, ...]
    labelled: bool
    items: tuple[Item, ...]
    remark: str
    span: Span
    notes: tuple[Note, ...] = ()
    noted: bool = False


class Where(NamedTuple):
    """The ``where { }`` of a group: one entry per kind of layer."""

    entries: tuple[Layer | Unreadable, ...]
    span: Span


class Group(NamedTuple):
    """``[ ... ]``, repeated ``times`` where a count is written."""

    elements: tuple[Element, ...]
    times: Sum | None
    where: Where | None
    remark: str
    span: Span


class Branch(NamedTuple):
    """One branch of a join: a chain."""

    elements: tuple[Element, ...]
    span: Span


class Join(NamedTuple):
    """``ADD[ ... | ... ]``: a layer that takes the output of every branch."""

    layer: Layer
    branches: tuple[Branch, ...]
    times: Sum | None
    remark: str
    span: Span


class Reference(NamedTuple):
    """``@enc1``, without the sign; ``leads`` where no link comes before it."""

    name: str
    leads: bool
    span: Span


class Argument(NamedTuple):
    """``64``, ``stride = 2``, ``@enc1``, ``HARD SWISH`` or ``UNIT(64)`` in a call; ``name`` is None for
    those by position."""

    name: Word | None
    value: Sum | Reference | Call
    span: Span


class Call(NamedTuple):
    """``down: BASIC(128, stride = 2)*2``; ``label`` is empty where none is written, and ``tail`` are
    the words after it, ``same weights as up``."""

    claim: Claim | None
    label: tuple[Word, ...]
    block: Word
    arguments: tuple[Argument, ...]
    times: Sum | None
    remark: str
    span: Span
    tail: tuple[Word, ...] = ()


class Unreadable(NamedTuple):
    """Stands where a layer could not be parsed; its mistake is already reported."""

    span: Span


Element: TypeAlias = Layer | Group | Join | Call | Reference | Unreadable


class NetName(NamedTuple):
    """``net LeNet-5``."""

    title: str
    span: Span


class Dialect(NamedTuple):
    """``dialect caffe``."""

    name: Word
    span: Span


class Use(NamedTuple):
    """``use "blocks.net"``; ``path`` without its quotes."""

    path: str
    span: Span


class Let(NamedTuple):
    """``let k = 32``."""

    name: Word
    value: Sum
    span: Span


class Parameter(NamedTuple):
    """A name in the head of a block, with its default where one is written."""

    name: Word
    default: Sum | None
    span: Span


class Block(NamedTuple):
    """``block NAME(width, stride = 1) { ... }``."""

    name: Word
    parameters: tuple[Parameter, ...]
    statements: tuple[Let | Element, ...]
    span: Span


class Train(NamedTuple):
    """``train { ... }``: its lines as text, each with its place."""

    lines: tuple[Word, ...]
    span: Span


class Default(NamedTuple):
    """``default CONV 3x3 pad 1``; the layer's words begin with a kind or with ``activation``."""

    layer: Layer | Unreadable
    span: Span


class Expect(NamedTuple):
    """``expect params <= 70M``; ``unit`` is the word after the value, as in ``256 MiB``."""

    subject: tuple[Word, ...]
    relation: str
    value: Value
    unit: Word | None
    span: Span


class PatternLayer(NamedTuple):
    """A kind in a pattern: ``CONV``, ``POOL?``."""

    words: tuple[Word, ...]
    optional: bool
    span: Span


class PatternGroup(NamedTuple):
    """``[CONV - RELU]*N`` in a pattern; ``times`` is a name, a number or None."""

    pieces: tuple[PatternPiece, ...]
    times: Word | Number | None
    optional: bool
    span: Span


PatternPiece: TypeAlias = PatternLayer | PatternGroup


class ExpectPattern(NamedTuple):
    """``expect pattern [CONV - RELU]*N - FC``."""

    pieces: tuple[PatternPiece, ...]
    span: Span


Statement: TypeAlias = (
    NetName | Dialect | Use | Let | Block | Train | Default | Expect | ExpectPattern | Element
)


class File(NamedTuple):
    """A whole file; chains are taken apart into their layers and groups."""

    statements: tuple[Statement, ...]
    span: Span
