"""SELU: an ELU scaled so that activations keep mean 0 and variance 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import SameVolume
from netdsl.primitives.expression import operand, relu
from netdsl.primitives.functions.exp import exp

ALPHA = 1.6732632423543772
SCALE = 1.0507009873554805

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Selu(SameVolume):
    """Scaled exponential linear unit.

    Computes
        y = 1.0507*x where x > 0, else 1.0507*1.6733*(e^x - 1).

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
        SELU

    Reference
        Klambauer, Unterthiner, Mayr, Hochreiter, 2017, "Self-Normalizing Neural Networks", equation 2.
    """

    keyword = "SELU"
    linear = False
    is_activation = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        x = operand(0)
        below = exp(x - relu(x)) - 1
        return build.elementwise(SCALE * relu(x) + SCALE * ALPHA * below, inputs[0], name="selu")
