"""RELU: negative numbers become 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import SameVolume
from netdsl.primitives.expression import operand, relu

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Relu(SameVolume):
    """Rectified linear unit.

    Computes
        y = max(x, 0); the derivative at 0 is taken as 0.

    Volume
        unchanged.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps its output for backward.

    Problems
        none.

    Example
        input 28x28x6
        RELU

    Reference
        Nair, Hinton, 2010, "Rectified Linear Units Improve Restricted Boltzmann Machines".
    """

    keyword = "RELU"
    spellings = ("RECTIFIED LINEAR", "RECTIFIER")
    linear = False
    is_activation = True
    never_negative = True
    keeps_positive = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        return build.elementwise(relu(operand(0)), inputs[0], name="relu")
