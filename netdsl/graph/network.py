"""The network: layers with their options, resolved names and inputs, in topological order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netdsl.layers.dialect import LECTURE, Dialect
from netdsl.layers.layer import Layer
from netdsl.quantities import Size, Volume
from netdsl.source import Source, Span
from netdsl.uses import Use

if TYPE_CHECKING:  # few networks have them
    from netdsl.graph.layer_patterns import Pattern
    from netdsl.recipe.written import WrittenRecipe


class Noted(NamedTuple):
    """A count that notes state of a layer: ``weights: (3*3*3)*64 = 1,728``.

    ``tolerance`` is how far a rounded figure such as ``3.2M`` may be off.
    """

    subject: str
    value: int
    tolerance: int
    span: Span


class Claim(NamedTuple):
    """The volume that a listing states for a layer, with its place."""

    volume: Volume
    span: Span
    noted: tuple[Noted, ...] = ()


class Shares(NamedTuple):
    """The layer whose weights another works with, by its name, and where that is written; ``whole`` where
    a use of a block shares all of its own."""

    owner: str
    span: Span
    whole: bool = False


class Node(NamedTuple):
    """One layer in its place.

    ``name`` is unique in the network (``CONV1``; layers without a label are numbered by kind);
    ``inputs`` are indices of earlier nodes. ``span`` covers the layer in the source, and
    ``option_spans`` the options that are written there. A layer that nobody wrote, because a
    ``default`` line or a PROJECT put it in, points at that place and has ``implied`` set. ``use`` is
    that of the block in whose text it stands.
    """

    position: int
    name: str
    layer: Layer
    inputs: tuple[int, ...]
    span: Span
    option_spans: dict[str, Span]
    claim: Claim | None = None
    implied: bool = False
    use: Use | None = None
    shares: Shares | None = None

    @property
    def owner(self) -> str:
        """The name of the layer that has the weights: its own, or that of another."""
        return self.name if self.shares is None else self.shares.owner


class Expectation(NamedTuple):
    """An ``expect`` line: ``subject relation value``; ``of`` names the layer that it is about.

    Memory is in bytes; the value of a receptive field is a Size.
    """

    subject: str
    relation: str
    value: int | Volume | Size
    span: Span
    value_span: Span
    of: str = ""


class Network(NamedTuple):
    """Immutable; ``nodes`` are in topological order and the first is the INPUT."""

    name: str
    nodes: tuple[Node, ...]
    expectations: tuple[Expectation, ...]
    source: Source
    dialect: Dialect = LECTURE
    patterns: tuple[Pattern, ...] = ()
    recipe: WrittenRecipe | None = None
