"""MISH: numbers are weighted by the hyperbolic tangent of their softplus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import SameVolume
from netdsl.primitives.expression import operand
from netdsl.primitives.functions.sigmoid import sigmoid

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Mish(SameVolume):
    """Mish, the activation of YOLOv4's backbone.

    Computes
        y = x*tanh(ln(1 + e^x)).

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
        MISH

    Reference
        Misra, 2019, "Mish: A Self Regularized Non-Monotonic Activation Function", equation 1.
    """

    keyword = "MISH"
    linear = False
    is_activation = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        # With s = 1/(1 + e^-x): tanh(ln(1 + e^x)) = (1 - (1-s)^2)/(1 + (1-s)^2), which nothing overflows.
        x = operand(0)
        s = sigmoid(x)
        rest = 1 - s
        return build.elementwise(x * s * (1 + rest) / (1 + rest * rest), inputs[0], name="mish")
