"""A network between its tree and its order: what stands in its text, and the layers that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from netdsl.diagnostics import Findings
from netdsl.graph.expressions.environment import Environment, LayerOutput
from netdsl.graph.expressions.values import Items
from netdsl.graph.options.volumes import Written
from netdsl.layers.layer import Layer
from netdsl.layers.registry import kind_named
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.uses import Use


class Phrase(NamedTuple):
    """``same weights as a``; ``label`` is None where none is written."""

    label: tree.Word | None
    span: Span


class LayerHead(NamedTuple):
    """``kind`` is None where no word names one; ``label`` is empty where none is written.

    ``written`` is the kind as the file spells it, ``span`` its place; ``rest`` are the items that
    remain to be read as options; ``shares`` is the phrase that names another layer for its weights;
    ``values`` are those of options that stand in the name itself, ``CONV3-64``.
    """

    kind: type[Layer] | None
    label: str
    written: str
    span: Span
    rest: tuple[tree.Item, ...]
    shares: Phrase | None = None
    values: Items = ()

    @property
    def options(self) -> Items:
        """What is read as options."""
        return self.values or self.rest

    @property
    def is_input(self) -> bool:
        """Whether the kind takes no volume: then its name serves as its label."""
        return self.kind is not None and self.kind.inputs == 0


class EntryRole(Enum):
    """What a layer's words stand for."""

    LAYER = "a layer"
    JOIN = "a layer that joins branches"
    SKIP = "the input of the join, unchanged"
    PROJECT = "the input of the join, converted to the volume of the other branches"
    BLOCK = "a block without arguments"

    @staticmethod
    def named(word: str) -> EntryRole:
        return {"skip": EntryRole.SKIP, "project": EntryRole.PROJECT}.get(word.lower(), EntryRole.LAYER)


class CallEntry:
    """A use of a block. ``asks`` where `channels` in it may mean what comes in; ``takes_volumes`` where a
    volume is among its arguments."""

    __slots__ = ("asks", "takes_volumes", "written")

    def __init__(self, written: tree.Call, *, asks: bool) -> None:
        self.written = written
        self.asks = asks
        self.takes_volumes = any(isinstance(one.value, tree.Reference) for one in written.arguments)

    @property
    def span(self) -> Span:
        return self.written.span


class LayerEntry:
    """A layer of the text with what its words say: read once, however often groups and blocks repeat it.

    ``call`` is what it is where it is a block without parentheses; ``asks`` as of a call; ``hidden`` where a
    block has the name of its kind, which is reported.
    """

    __slots__ = ("asks", "call", "head", "hidden", "role", "written")

    def __init__(
        self, written: tree.Layer, head: LayerHead, call: CallEntry | None = None, *, asks: bool = False
    ) -> None:
        self.written = written
        self.head = head
        self.call = call
        self.asks = asks
        self.hidden = False
        words = written.items if written.labelled else written.words
        first = words[0] if words else None
        self.role = EntryRole.named(first.text) if isinstance(first, tree.Word) else EntryRole.LAYER
        if call is not None:
            self.role = EntryRole.BLOCK

    @property
    def span(self) -> Span:
        return self.written.span


class WhereEntry:
    """An entry of a ``where`` block; ``named`` is the kind that its first words name alone."""

    __slots__ = ("head", "named", "written")

    def __init__(self, written: tree.Layer, head: LayerHead, named: type[Layer] | None) -> None:
        self.written = written
        self.head = head
        self.named = named


class GroupEntry:
    """A group in brackets; its elements are filled in once."""

    __slots__ = ("elements", "where", "written")

    def __init__(self, written: tree.Group, where: tuple[WhereEntry, ...]) -> None:
        self.written = written
        self.where = where
        self.elements: list[Element] = []

    @property
    def span(self) -> Span:
        return self.written.span


class BranchEntry:
    """One branch of a join."""

    __slots__ = ("elements", "written")

    def __init__(self, written: tree.Branch) -> None:
        self.written = written
        self.elements: list[Element] = []


class JoinEntry:
    """A join of branches, or a group with a name."""

    __slots__ = ("branches", "layer", "names_group", "written")

    def __init__(self, written: tree.Join, layer: LayerEntry, *, names_group: bool) -> None:
        self.written = written
        self.layer = layer
        self.names_group = names_group
        self.branches = [BranchEntry(branch) for branch in written.branches]

    @property
    def span(self) -> Span:
        return self.written.span


Element: TypeAlias = LayerEntry | GroupEntry | JoinEntry | CallEntry | tree.Reference | tree.Unreadable
"""What stands in a file or a block, each layer with its head."""


class BlockEntry:
    """A block: its elements, and its ``let`` lines apart."""

    __slots__ = ("asks", "elements", "lets", "words", "written")

    def __init__(self, written: tree.Block, elements: list[Element], *, asks: bool, words: int) -> None:
        """``words`` is how many words and signs it has."""
        self.written = written
        self.elements = elements
        self.lets = tuple(statement for statement in written.statements if isinstance(statement, tree.Let))
        self.asks = asks
        self.words = words


class WeightOwner(NamedTuple):
    """The layer whose weights another works with, by its position among the expanded layers; ``whole`` where
    a use of a block shares all of its own.

    ``span`` is where that is written.
    """

    position: int
    span: Span
    whole: bool = False


class ExpandedLayer(NamedTuple):
    """One layer of the expanded network: what is written, and what a where block adds.

    ``inputs`` are positions of earlier layers; ``kind`` is what a where entry makes of the kind
    (``POOL: avg 2x2``), else None; ``group`` is the outermost group around the layer; ``whole`` is its span
    where more than the layer itself belongs to it. ``references`` are the inputs, by their number, that
    a label names; ``use`` is that of the block whose text the layer stands in.
    """

    entry: LayerEntry | tree.Unreadable
    environment: Environment
    inputs: tuple[int, ...]
    label: str = ""
    claim: tree.Claim | None = None
    where_values: Mapping[str, Written] = MappingProxyType({})
    kind: type[Layer] | None = None
    group: GroupEntry | None = None
    role: EntryRole = EntryRole.LAYER
    whole: Span | None = None
    references: tuple[tuple[int, LayerOutput], ...] = ()
    use: Use | None = None
    shares: WeightOwner | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What a layer follows from that shares no weights: repetition has the same again."""
        joins = self.role is EntryRole.JOIN
        return (self.entry, self.environment, id(self.where_values), self.kind, joins)


def kind_of(expanded: ExpandedLayer) -> type[Layer] | None:
    """The kind of a layer; some are called otherwise where they join branches."""
    kind = expanded.kind
    if kind is None and isinstance(expanded.entry, LayerEntry):
        kind = expanded.entry.head.kind
    joins = kind is not None and kind.joining and expanded.role is EntryRole.JOIN
    return kind_named(kind.joining) if kind is not None and joins else kind


def report_nothing(span: Span, findings: Findings) -> None:
    """Report a layer or a branch that has nothing to work on, beside inputs that others begin with."""
    help = ("begin the branch with its own input, or with `@` and a label",)
    findings.add("ND208", "this branch has no input", span, "there is no input before the join", help=help)
