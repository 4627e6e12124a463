"""What netdsl knows of another tool's way of counting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from netdsl.layers.conv import Conv
from netdsl.layers.depthwise import Depthwise
from netdsl.planning.plan import Plan, PlannedLayer

Totals = dict[str, int]
"""Counts by the words that the tool has for them, in its order."""


class Tool(NamedTuple):
    """``title`` names the version that the counts are those of. ``differs`` says in a few sentences
    what it counts otherwise than netdsl, which counts learned parameters and the
    multiply-accumulates of weights."""

    title: str
    differs: str
    totals: Callable[[Plan], Totals]


def convolutions(plan: Plan) -> Iterator[PlannedLayer]:
    """The layers that a framework calls convolutions: one filter for all positions."""
    return (planned for planned in plan.layers if isinstance(planned.node.layer, Conv | Depthwise))


def weight_values(planned: PlannedLayer) -> int:
    """Parameters of a layer without its biases."""
    return planned.parameter_count - bias_values(planned)


def bias_values(planned: PlannedLayer) -> int:
    return sum(parameter.values for parameter in planned.parameters if parameter.name == "bias")


def statistic_values(planned: PlannedLayer) -> int:
    """Numbers that the layer keeps without learning them by gradient."""
    return sum(statistic.values for statistic in planned.statistics)
