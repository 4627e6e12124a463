"""The network: layers with their options, resolved names and inputs, in topological order."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.layers.layer import Layer
from netdsl.quantities import Volume
from netdsl.source import Source, Span


class Claim(NamedTuple):
    """The volume that a listing states for a layer, with its place."""

    volume: Volume
    span: Span


class Node(NamedTuple):
    """One layer in its place.

    ``name`` is unique in the network (``CONV1``; layers without a label are numbered by kind);
    ``inputs`` are indices of earlier nodes. ``span`` covers the layer in the source, and
    ``option_spans`` the options that are written there. A layer that a ``default`` line put in
    points at that line and has ``implied`` set.
    """

    position: int
    name: str
    layer: Layer
    inputs: tuple[int, ...]
    span: Span
    option_spans: dict[str, Span]
    claim: Claim | None = None
    implied: bool = False


class Expectation(NamedTuple):
    """An ``expect`` line: ``subject relation value``."""

    subject: str
    relation: str
    value: int | Volume
    span: Span
    value_span: Span


class Network(NamedTuple):
    """Immutable; ``nodes`` are in topological order and the first is the INPUT."""

    name: str
    nodes: tuple[Node, ...]
    expectations: tuple[Expectation, ...]
    source: Source
