"""The columns that a table of a network can have, each with a name and what exactly it counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from netdsl.layers.layer import Parameter
from netdsl.plan.plan import Plan, PlannedLayer
from netdsl.quantities import FLOAT_BYTES, Size


class Column(NamedTuple):
    """``count`` answers for one layer; the total is the sum. ``meaning`` stands under the table."""

    heading: str
    meaning: str
    count: Callable[[PlannedLayer], int]


def _parameters(which: Callable[[PlannedLayer, Parameter], bool]) -> Callable[[PlannedLayer], int]:
    def count(planned: PlannedLayer) -> int:
        return sum(part.values for part in planned.parameters if which(planned, part))

    return count


def _normalises(planned: PlannedLayer, parameter: Parameter) -> bool:
    return planned.node.layer.normalises


def _is_bias(planned: PlannedLayer, parameter: Parameter) -> bool:
    return parameter.name == "bias" and not planned.node.layer.normalises


def _is_weight(planned: PlannedLayer, parameter: Parameter) -> bool:
    return parameter.name != "bias" and not planned.node.layer.normalises


def _flops(planned: PlannedLayer) -> int:
    biased = any(_is_bias(planned, parameter) for parameter in planned.parameters)
    return 2 * planned.macs + (planned.output.values if biased else 0)


COLUMNS = {
    "parameters": Column(
        "parameters", "learned numbers: weights, biases, bn_affine", lambda layer: layer.parameter_count
    ),
    "weights": Column("weights", "learned numbers that are multiplied with", _parameters(_is_weight)),
    "biases": Column("biases", "learned numbers that are added", _parameters(_is_bias)),
    "bn_affine": Column("BN affine", "learned scale and shift of normalisations", _parameters(_normalises)),
    "bn_statistics": Column(
        "BN statistics",
        "running mean and variance of normalisations: kept, not learned, not in parameters",
        lambda layer: sum(statistic.values for statistic in layer.statistics),
    ),
    "connections": Column(
        "connections",
        "one per weight and one per bias for each output value (LeCun, 1989, 1998), of one image",
        lambda layer: layer.node.layer.connections(*layer.inputs),
    ),
    "macs": Column(
        "MACs", "multiply-accumulates of weights, without biases, of one image", lambda layer: layer.macs
    ),
    "flops": Column(
        "FLOPs",
        "2*MACs, and one addition per output value that has a bias, of one image",
        _flops,
    ),
    "activations": Column(
        "activations", "numbers in the output, of one image", lambda layer: layer.output.values
    ),
    "kept": Column(
        "kept",
        "numbers that training keeps for the backward pass, of one image",
        lambda layer: layer.kept_values,
    ),
    "parameter_bytes": Column(
        "param bytes", "parameters as 32-bit floats", lambda layer: FLOAT_BYTES * layer.parameter_count
    ),
}
"""Columns that are counts, by name."""

RECEPTIVE_FIELD = "receptive_field"
"""The name of the one column that is no count: height x width in input pixels, where it is known."""

DEFAULT = ("parameters", "macs", "activations", RECEPTIVE_FIELD)


def column_names() -> tuple[str, ...]:
    return (*COLUMNS, RECEPTIVE_FIELD)


def cell(name: str, planned: PlannedLayer) -> int | Size | None:
    """What a column has for a layer; None for a receptive field that is not known."""
    return planned.receptive_field if name == RECEPTIVE_FIELD else COLUMNS[name].count(planned)


def total(name: str, plan: Plan) -> int:
    """The sum of a column that counts."""
    return sum(COLUMNS[name].count(planned) for planned in plan.layers)
