"""ELU: negative numbers approach a floor smoothly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import SameVolume
from netdsl.layers.option import real
from netdsl.primitives.expression import operand, relu
from netdsl.primitives.functions.exp import exp

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Elu(SameVolume):
    """Exponential linear unit.

    Computes
        y = x where x > 0, else alpha*(e^x - 1).

    Volume
        unchanged.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps its input for backward.

    Problems
        none.

    Example
        input 28x28x6
        ELU: alpha 1

    Reference
        Clevert, Unterthiner, Hochreiter, 2015, "Fast and Accurate Deep Network Learning by Exponential
        Linear Units (ELUs)", equation 15.
    """

    keyword = "ELU"
    linear = False
    is_activation = True
    keeps_positive = True

    alpha = real("how far below 0 negative numbers approach", default=1.0, positional=True)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        x = operand(0)
        below = exp(x - relu(x)) - 1
        return build.elementwise(relu(x) + self.alpha * below, inputs[0], name="elu")
