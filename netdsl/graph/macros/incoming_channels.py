"""`channels`: how many come into a block or a layer, found before the network is planned."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from netdsl.graph.expanded_layers import (
    CallEntry,
    EntryRole,
    ExpandedLayer,
    GroupEntry,
    JoinEntry,
    LayerEntry,
    LayerHead,
)
from netdsl.graph.expressions.environment import CHANNELS
from netdsl.graph.names.kinds_and_labels import option_words
from netdsl.layers.layer import Layer
from netdsl.quantities import Volume
from netdsl.source import Span
from netdsl.syntax import tree


def names_channels(nodes: Iterable[Any]) -> bool:
    """Whether `channels` stands in parts of a text as the name of a number, and not as the option of a
    layer."""
    pending: list[Any] = list(nodes)
    while pending:
        part = pending.pop()
        kind = type(part)
        if kind is tree.Word:
            if part.text == CHANNELS:
                return True
        elif kind is LayerEntry or kind is CallEntry:
            if part.asks:
                return True
        elif kind is GroupEntry:
            if any(layer_asks(entry.written, entry.head) for entry in part.where):
                return True
            pending += (part.written.times, *part.elements)
        elif kind is JoinEntry:
            pending += (part.written.times, part.layer)
            pending += (element for branch in part.branches for element in branch.elements)
        elif kind is not Span and kind is not str and isinstance(part, tuple):
            pending.extend(part)
    return False


def layer_asks(layer: tree.Layer, head: LayerHead) -> bool:
    """Whether `channels` stands in a layer and is no option of its kind."""
    items = (*layer.words, *layer.items)
    indices = [index for index, item in enumerate(items) if item[0] == CHANNELS and _is_channels(item)]
    if not indices:
        return False
    if head.kind is None or CHANNELS not in option_words(head.kind):
        return True
    around = [
        items[beside] for index in indices for beside in (index - 1, index + 1) if 0 <= beside < len(items)
    ]
    return len(indices) > 1 or any(isinstance(item, tree.Sign) for item in around)


def _is_channels(item: tree.Item) -> bool:
    return isinstance(item, tree.Word) and item.text == CHANNELS


class VolumesAhead(ABC):
    """The volumes of the layers of an expansion, worked out as far as somebody asks for them.

    The planner works out all volumes again and reports what is wrong; here that is only not known.
    """

    def __init__(self) -> None:
        self._volumes: list[Volume | None] = []
        self._known: dict[tuple[Layer, tuple[Volume, ...]], Volume | None] = {}

    @abstractmethod
    def layer_of(
        self, expanded: ExpandedLayer, layers: list[ExpandedLayer], inputs: tuple[Volume, ...]
    ) -> Layer | None:
        """What one of some layers is for the volumes that it is given; None where that cannot be read."""

    @abstractmethod
    def claimed(self, expanded: ExpandedLayer) -> Volume | None:
        """The volume that is stated for a layer."""

    def behind(self, layers: list[ExpandedLayer], position: int) -> Volume | None:
        """The volume that a layer makes; None where it is not known."""
        while len(self._volumes) <= position:
            expanded = layers[len(self._volumes)]
            self._volumes.append(self.claimed(expanded) or self._made(expanded, layers))
        return self._volumes[position]

    def _made(self, expanded: ExpandedLayer, layers: list[ExpandedLayer]) -> Volume | None:
        if isinstance(expanded.entry, tree.Unreadable) or expanded.role is EntryRole.PROJECT:
            return None
        inputs = [self._volumes[index] for index in expanded.inputs]
        projected = [layers[index].role is EntryRole.PROJECT for index in expanded.inputs]
        if any(projected):  # what is projected is brought to the volume beside it
            beside = next((volume for volume in inputs if volume is not None), None)
            inputs = [beside if turned else volume for volume, turned in zip(inputs, projected, strict=True)]
        volumes = tuple(volume for volume in inputs if volume is not None)
        complete = len(volumes) == len(inputs) > 0
        layer = self.layer_of(expanded, layers, volumes if complete else ())
        if layer is None or (layer.inputs != 0 and not complete):
            return None
        volumes = volumes if layer.inputs != 0 else ()
        key = (layer, volumes)
        if key not in self._known:
            made = None if layer.problems(*volumes) else layer.volume(*volumes)
            self._known[key] = made if isinstance(made, Volume) else None
        return self._known[key]
