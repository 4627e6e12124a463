"""The columns that a table of a network can have, each with a name and what exactly it counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from netdsl.layers.layer import Parameter
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.quantities import FLOAT_BYTES, Size, Volume

Counts: TypeAlias = Callable[[Plan], Sequence[int]]
"""What counts something of each layer of a plan, in order."""


class Column(NamedTuple):
    """``counts`` answers for each layer; the total is the sum. ``meaning`` is under the table."""

    heading: str
    meaning: str
    counts: Counts


def _each(count: Callable[[PlannedLayer], int]) -> Counts:
    """The counts of what a layer alone decides; groups repeat layers, which are asked once."""

    def counts(plan: Plan) -> list[int]:
        known: dict[tuple[int, tuple[Volume, ...], bool], int] = {}
        found = []
        for planned in plan.layers:
            key = (id(planned.node.layer), planned.inputs, planned.node.shares is None)
            if key not in known:
                known[key] = count(planned)
            found.append(known[key])
        return found

    return counts


def _parameters(which: Callable[[PlannedLayer, Parameter], bool]) -> Counts:
    return _each(lambda planned: sum(part.values for part in planned.parameters if which(planned, part)))


def _kept(plan: Plan) -> Sequence[int]:
    from netdsl.program.kept_tensors import kept_values  # only this column needs the program of a step

    return kept_values(plan)


def _normalises(planned: PlannedLayer, parameter: Parameter) -> bool:
    return planned.node.layer.normalises or planned.node.layer.rescales


def _is_bias(planned: PlannedLayer, parameter: Parameter) -> bool:
    return parameter.name == "bias" and not _normalises(planned, parameter)


def _is_weight(planned: PlannedLayer, parameter: Parameter) -> bool:
    return parameter.name != "bias" and not _normalises(planned, parameter)


def _flops(planned: PlannedLayer) -> int:
    biased = any(_is_bias(planned, parameter) for parameter in planned.used_parameters)
    return 2 * planned.macs + (planned.output.values if biased else 0)


COLUMNS = {
    "parameters": Column(
        "parameters",
        "learned numbers: weights, biases, bn_affine",
        _each(lambda layer: layer.parameter_count),
    ),
    "weights": Column("weights", "learned numbers that are multiplied with", _parameters(_is_weight)),
    "biases": Column("biases", "learned numbers that are added", _parameters(_is_bias)),
    "bn_affine": Column("BN affine", "learned scale and shift of normalisations", _parameters(_normalises)),
    "bn_statistics": Column(
        "BN statistics",
        "running mean and variance of normalisations: kept, not learned, not in parameters",
        _each(lambda layer: sum(statistic.values for statistic in layer.statistics)),
    ),
    "connections": Column(
        "connections",
        "one per weight and one per bias for each output value (LeCun, 1989, 1998), of one image",
        _each(lambda layer: layer.node.layer.connections(*layer.inputs)),
    ),
    "macs": Column(
        "MACs",
        "multiply-accumulates of weights, without biases, of one image",
        _each(lambda layer: layer.macs),
    ),
    "flops": Column(
        "FLOPs",
        "2*MACs, and one addition per output value that has a bias, of one image",
        _each(_flops),
    ),
    "activations": Column(
        "activations", "numbers in the output, of one image", _each(lambda layer: layer.output.values)
    ),
    "kept": Column(
        "kept",
        "numbers that training keeps for the backward pass, each at the layer that made it, of one image; "
        "what the loss keeps counts for the last layer",
        _kept,
    ),
    "parameter_bytes": Column(
        "param bytes", "parameters as 32-bit floats", _each(lambda layer: FLOAT_BYTES * layer.parameter_count)
    ),
}
"""Columns that are counts, by name."""

RECEPTIVE_FIELD = "receptive_field"
"""The name of the one column that is no count: height x width in input pixels, where it is known."""

DEFAULT = ("parameters", "macs", "activations", RECEPTIVE_FIELD)


def column_names() -> tuple[str, ...]:
    return (*COLUMNS, RECEPTIVE_FIELD)


def cells(name: str, plan: Plan) -> Sequence[int] | Sequence[Size | None]:
    """What a column has for each layer; None for a receptive field that is not known."""
    if name == RECEPTIVE_FIELD:
        return [planned.receptive_field for planned in plan.layers]
    return COLUMNS[name].counts(plan)


def total(name: str, plan: Plan) -> int:
    """The sum of a column that counts."""
    return sum(COLUMNS[name].counts(plan))
