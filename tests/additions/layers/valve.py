"""VALVE: every channel is weighted by a learned number between 0 and 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import Parameter, SameVolume
from netdsl.layers.option import real
from netdsl.primitives.expression import operand
from netdsl.primitives.functions.sigmoid import sigmoid
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Valve(SameVolume):
    """A learned gate for each channel.

    Computes
        y = x*sigmoid(gate[c] + offset).

    Volume
        unchanged.

    Parameters
        gate C.

    Cost
        no multiply-accumulates; keeps its input for backward.

    Problems
        none.

    Example
        input 4x3x5
        VALVE offset 0.5

    Reference
        Perez, Strub, de Vries, Dumoulin, Courville, 2018, "FiLM", section 2, without a shift.
    """

    keyword = "VALVE"
    linear = True

    offset = real("added to what every gate learns", default=0.0)

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return (Parameter("gate", (inputs[0].channels,)),)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        gated = operand(0) * sigmoid(operand(1) + self.offset)
        return build.elementwise(gated, inputs[0], build.parameter("gate"), name="gated")
