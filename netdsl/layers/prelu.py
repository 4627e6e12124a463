"""PRELU: negative numbers are scaled by a learned slope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import Parameter, SameVolume
from netdsl.primitives.expression import greater, operand, select
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Prelu(SameVolume):
    """Parametric rectified linear unit: a leaky one whose slope each channel learns.

    Computes
        y = x where x > 0, else slope[c]*x; slopes start at 0.25.

    Volume
        unchanged.

    Parameters
        slope C.

    Cost
        no multiply-accumulates; keeps its input for backward.

    Problems
        none.

    Example
        input 28x28x6
        PRELU

    Reference
        He, Zhang, Ren, Sun, 2015, "Delving Deep into Rectifiers: Surpassing Human-Level Performance on
        ImageNet Classification", equation 1.
    """

    keyword = "PRELU"
    spellings = ("PARAMETRIC RELU",)
    linear = False
    is_activation = True
    keeps_positive = True

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return (Parameter("slope", (inputs[0].channels,), initial=0.25),)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        x, slope = operand(0), operand(1)
        formula = select(greater(x, 0), x, x * slope)
        return build.elementwise(formula, inputs[0], build.parameter("slope"), name="prelu")
