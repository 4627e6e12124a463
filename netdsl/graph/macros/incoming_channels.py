"""`channels`: how many come into a block or a layer, found before the network is planned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netdsl.graph.expanded_layers import ExpandedLayer, Role
from netdsl.graph.expressions.evaluate import CHANNELS
from netdsl.graph.names.kinds_and_labels import option_words, read_head
from netdsl.layers.layer import Layer
from netdsl.quantities import Volume
from netdsl.source import Span
from netdsl.syntax import tree


def names_channels(node: Any) -> bool:
    """Whether `channels` stands in a text as the name of a number, and not as the option of a layer."""
    pending: list[Any] = [node]
    while pending:
        part = pending.pop()
        kind = type(part)
        if kind is tree.Word:
            if part.text == CHANNELS:
                return True
        elif kind is tree.Layer:
            if _in_layer(part):
                return True
        elif kind is not Span and kind is not str and isinstance(part, tuple):
            pending.extend(part)
    return False


def _in_layer(layer: tree.Layer) -> bool:
    items = (*layer.words, *layer.items)
    places = [place for place, item in enumerate(items) if item[0] == CHANNELS and _is_channels(item)]
    if not places:
        return False
    kind = read_head(layer).kind
    if kind is None or CHANNELS not in option_words(kind):
        return True
    around = [
        items[beside] for place in places for beside in (place - 1, place + 1) if 0 <= beside < len(items)
    ]
    return len(places) > 1 or any(isinstance(item, tree.Sign) for item in around)


def _is_channels(item: tree.Item) -> bool:
    return isinstance(item, tree.Word) and item.text == CHANNELS


LayerOf = Callable[[ExpandedLayer, list[ExpandedLayer], tuple[Volume, ...]], Layer | None]
"""The layer of a step, one of some steps, for the volumes that it is given."""


class VolumesAhead:
    """The volumes of the steps of an expansion, worked out as far as somebody asks for them.

    The planner works out all volumes again and reports what is wrong; here that is only not known.
    """

    def __init__(self, layer_of: LayerOf, claimed: Callable[[ExpandedLayer], Volume | None]) -> None:
        """``layer_of`` gives None where reading fails; ``claimed`` is the volume that is stated."""
        self._layer_of = layer_of
        self._claimed = claimed
        self._volumes: list[Volume | None] = []
        self._known: dict[tuple[int, tuple[Volume, ...]], Volume | None] = {}

    def behind(self, steps: list[ExpandedLayer], place: int) -> Volume | None:
        """The volume of a step; None where it is not known."""
        while len(self._volumes) <= place:
            step = steps[len(self._volumes)]
            self._volumes.append(self._claimed(step) or self._made(step, steps))
        return self._volumes[place]

    def _made(self, step: ExpandedLayer, steps: list[ExpandedLayer]) -> Volume | None:
        if isinstance(step.layer, tree.Unreadable) or step.role is Role.PROJECT:
            return None
        inputs = [self._volumes[index] for index in step.inputs]
        projected = [steps[index].role is Role.PROJECT for index in step.inputs]
        if any(projected):  # what is projected is brought to the volume beside it
            beside = next((volume for volume in inputs if volume is not None), None)
            inputs = [beside if turned else volume for volume, turned in zip(inputs, projected, strict=True)]
        volumes = tuple(volume for volume in inputs if volume is not None)
        complete = len(volumes) == len(inputs) > 0
        layer = self._layer_of(step, steps, volumes if complete else ())
        if layer is None or (layer.inputs != 0 and not complete):
            return None
        volumes = volumes if layer.inputs != 0 else ()
        key = (id(layer), volumes)
        if key not in self._known:
            made = None if layer.problems(*volumes) else layer.volume(*volumes)
            self._known[key] = made if isinstance(made, Volume) else None
        return self._known[key]
