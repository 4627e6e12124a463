"""SOFTPLUS: a rectifier without a corner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import SameVolume
from netdsl.primitives.expression import operand
from netdsl.primitives.functions.softplus import softplus

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Softplus(SameVolume):
    """The integral of the logistic function.

    Computes
        y = ln(1 + e^x).

    Volume
        unchanged.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps its input for backward.

    Problems
        none.

    Example
        input 4x3x5
        SOFTPLUS

    Reference
        Dugas, Bengio, Bélisle, Nadeau, Garcia, 2001, "Incorporating Second-Order Functional Knowledge for
        Better Option Pricing", section 3.
    """

    keyword = "SOFTPLUS"
    linear = False
    is_activation = True
    never_negative = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        return build.elementwise(softplus(operand(0)), inputs[0], name="softplus")
