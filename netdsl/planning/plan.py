"""What the planner knows of a network: for every layer its volumes, counts and costs."""

from __future__ import annotations

from functools import cached_property
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
        return sum([parameter.values for parameter in self.parameters])

    @property
    def used_parameters(self) -> tuple[Parameter, ...]:
        """The learnable arrays that the layer works with: its own, or those of the layer that has them."""
        return self.parameters if self.node.shares is None else self.node.layer.parameters(*self.inputs)

    @property
    def used_statistics(self) -> tuple[Statistic, ...]:
        """The arrays that the layer keeps: its own, or those of the layer whose weights it works with."""
        return self.statistics if self.node.shares is None else self.node.layer.statistics(*self.inputs)


class _Fields(NamedTuple):
    network: Network
    layers: tuple[PlannedLayer, ...]


class Plan(_Fields):
    """A network that checks: one planned layer per node, in the same order."""

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

    @cached_property
    def readers(self) -> list[list[int]]:
        """For every layer the layers that read its output, by index."""
        found: list[list[int]] = [[] for _ in self.layers]
        for position, planned in enumerate(self.layers):
            for index in planned.node.inputs:
                found[index].append(position)
        return found

    @cached_property
    def alike(self) -> list[list[PlannedLayer]]:
        """The layers, together where they are the same layer on the same volumes, with weights of their own
        or without: groups repeat them."""
        found: dict[tuple[int, tuple[Volume, ...], bool], list[PlannedLayer]] = {}
        for planned in self.layers:
            node = planned.node
            key = (id(node.layer), planned.inputs, node.shares is None)
            if key in found:
                found[key].append(planned)
            else:
                found[key] = [planned]
        return list(found.values())

    @cached_property
    def parameter_counts(self) -> list[int]:
        """Those of one layer of each group of ``alike``."""
        return [alike[0].parameter_count for alike in self.alike]

    @cached_property
    def parameter_count(self) -> int:
        return sum(
            [len(alike) * count for alike, count in zip(self.alike, self.parameter_counts, strict=True)]
        )

    @property
    def macs(self) -> int:
        return sum([layer.macs for layer in self.layers])

    @property
    def activation_values(self) -> int:
        """Numbers in all output volumes of one image, the input included."""
        return sum([len(alike) * alike[0].output.values for alike in self.alike])

    @property
    def parameter_bytes(self) -> int:
        return FLOAT_BYTES * self.parameter_count
