"""What a remark is held to: its layer, with those before and after it."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from netdsl.graph.network import Node
from netdsl.layers.layer import Layer
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.quantities import Padding, Size
from netdsl.source import Span


class Whole:
    """What remarks are held to of a whole network, worked out once."""

    def __init__(self, plan: Plan) -> None:
        self.recipe = plan.network.recipe
        nodes = [planned.node for planned in plan.layers]
        self.names = frozenset(node.name.lower() for node in nodes)
        self.owners = frozenset(node.owner for node in nodes if node.shares is not None)
        self._made = Counter(map(_spans, nodes))

    def times(self, node: Node) -> int:
        """How often the text of a layer makes it, in one use of its block."""
        return self._made[_spans(node)]


def _spans(node: Node) -> tuple[Span, Span | None]:
    return node.span, node.use.span if node.use is not None else None


class Around(NamedTuple):
    """``before`` and ``behind`` are the layers within reach."""

    whole: Whole
    planned: PlannedLayer
    before: tuple[PlannedLayer, ...]
    behind: tuple[PlannedLayer, ...]

    @property
    def layer(self) -> Layer:
        return self.planned.node.layer

    @property
    def keyword(self) -> str:
        return self.layer.keyword

    def has_kind(self, kind: str) -> bool:
        """Whether a kind is that of the layer, or comes before or after it."""
        return kind in self.layer.keyword or any(
            other.node.layer.keyword == kind for other in (*self.before, *self.behind)
        )

    def has_option(self, name: str) -> bool:
        return name in self.layer.options()

    def numbers_behind(self) -> set[str]:
        """The options of the layers after it: ``(LeakyReLU 0.1) - LEAKY RELU 0.1``."""
        found: set[str] = set()
        for other in self.behind:
            layer = other.node.layer
            found = found.union(*(_spelled(getattr(layer, name, None)) for name in layer.options()))
        return found

    def numbers(self) -> set[str]:
        """All numbers and sizes that are true of the layer, as a remark may write them."""
        found: set[str] = set()
        for value in (getattr(self.layer, name, None) for name in self.layer.options()):
            found |= _spelled(value)
        for volume in (*self.planned.inputs, self.planned.output):
            height, width, channels = volume.height, volume.width, volume.channels
            found |= {f"{height}x{width}", f"{height}x{width}x{channels}", f"{channels}x{height}x{width}"}
            found |= {str(channels), str(volume.values), f"{channels}@{height}x{width}"}
            found |= {str(height), str(width)}
        field = self.planned.receptive_field
        weights = sum(parameter.values for parameter in self.planned.parameters if parameter.fan_in)
        counted = (self.planned.parameter_count, weights, self.planned.macs, *(field or ()))
        if field is not None:
            found.add(str(field))
        return found | {str(number) for number in counted}


def _spelled(value: object) -> set[str]:
    if isinstance(value, bool):
        return set()
    if isinstance(value, Size):
        alike = value.height == value.width
        return {str(value), *([str(value.height)] if alike else [])}
    if isinstance(value, Padding):
        return {str(value), f"{value.top}x{value.left}"}
    return {f"{value:g}"} if isinstance(value, int | float) else set()
