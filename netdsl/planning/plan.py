"""What the planner knows of a network: for every layer its volumes, counts and costs."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.graph.network import Network, Node
from netdsl.layers.layer import Parameter, Statistic
from netdsl.planning.sources import Example, example_of
from netdsl.quantities import FLOAT_BYTES, Size, Volume


class PlannedLayer(NamedTuple):
    """One layer with everything that follows from its options and its inputs, for one image.

    ``parameters`` and ``statistics`` are the arrays that it has: none where it works with the weights of
    another, which are counted, kept and updated there.
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

    @property
    def used_parameters(self) -> tuple[Parameter, ...]:
        """The learnable arrays that the layer works with: its own, or those of the layer that has them."""
        return self.parameters if self.node.shares is None else self.node.layer.parameters(*self.inputs)

    @property
    def used_statistics(self) -> tuple[Statistic, ...]:
        """The arrays that the layer keeps: its own, or those of the layer whose weights it works with."""
        return self.statistics if self.node.shares is None else self.node.layer.statistics(*self.inputs)


class Plan(NamedTuple):
    """A network that checks: one planned layer per node, in the same order."""

    network: Network
    layers: tuple[PlannedLayer, ...]

    @property
    def example(self) -> Example:
        """What one example holds for all inputs."""
        return example_of(
            [(layer.node.name, layer.output) for layer in self.layers if layer.node.layer.inputs == 0]
        )

    @property
    def input(self) -> Volume:
        """The volume of an example: that of the input, or of all inputs together."""
        return self.example.volume

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
