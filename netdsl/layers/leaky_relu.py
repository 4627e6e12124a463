"""LEAKY RELU: negative numbers are scaled down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import SameVolume
from netdsl.layers.option import real
from netdsl.primitives.expression import greater, operand, select

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class LeakyRelu(SameVolume):
    """Leaky rectified linear unit.

    Computes
        y = x where x > 0, else slope*x. The slope is 0.1 as in the lecture (PyTorch has 0.01).

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
        LEAKY RELU: slope 0.1

    Reference
        Maas, Hannun, Ng, 2013, "Rectifier Nonlinearities Improve Neural Network Acoustic Models",
        equation 2.
    """

    keyword = "LEAKY RELU"
    spellings = ("LEAKYRELU", "LRELU", "LEAKY")
    linear = False
    is_activation = True
    keeps_positive = True

    slope = real(
        "what negative numbers are multiplied by", default=0.1, positional=True, words=("slope", "alpha")
    )

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        x = operand(0)
        return build.elementwise(select(greater(x, 0), x, x * self.slope), inputs[0], name="leaky")
