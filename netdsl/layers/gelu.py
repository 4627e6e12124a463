"""GELU: numbers are weighted by how likely a normal variable is smaller."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from netdsl.layers.layer import SameVolume
from netdsl.primitives.expression import operand
from netdsl.primitives.functions.erf import erf

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Gelu(SameVolume):
    """Gaussian error linear unit.

    Computes
        y = x * (1 + erf(x/sqrt(2)))/2, the exact form, not the approximation by tanh.

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
        GELU

    Reference
        Hendrycks, Gimpel, 2016, "Gaussian Error Linear Units (GELUs)", section 2.
    """

    keyword = "GELU"
    linear = False
    is_activation = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        x = operand(0)
        return build.elementwise(x * (erf(x * sqrt(0.5)) + 1) * 0.5, inputs[0], name="gelu")
