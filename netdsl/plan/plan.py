"""What the planner knows of a network: for every layer its volumes, counts and costs."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.graph.network import Network, Node
from netdsl.layers.layer import Parameter, Statistic
from netdsl.quantities import FLOAT_BYTES, Size, Volume


class PlannedLayer(NamedTuple):
    """One layer with everything that follows from its options and its inputs, for one image.

    ``receptive_field`` is what the position that sees most sees of the image, padding included; None
    where that is not known.
    """

    node: Node
    inputs: tuple[Volume, ...]
    output: Volume
    parameters: tuple[Parameter, ...]
    statistics: tuple[Statistic, ...]
    macs: int
    receptive_field: Size | None

    @property
    def parameter_count(self) -> int:
        return sum(parameter.values for parameter in self.parameters)


class Plan(NamedTuple):
    """A network that checks: one planned layer per node, in the same order."""

    network: Network
    layers: tuple[PlannedLayer, ...]

    @property
    def input(self) -> Volume:
        return self.layers[0].output

    @property
    def output(self) -> Volume:
        return self.layers[-1].output

    @property
    def parameter_count(self) -> int:
        return sum(layer.parameter_count for layer in self.layers if layer.parameters)

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def activation_values(self) -> int:
        """Numbers in all output volumes of one image, the input included."""
        return sum(layer.output.values for layer in self.layers)

    @property
    def parameter_bytes(self) -> int:
        return FLOAT_BYTES * self.parameter_count
