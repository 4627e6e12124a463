"""SILU: numbers are weighted by their own sigmoid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import SameVolume
from netdsl.primitives.expression import operand
from netdsl.primitives.functions.sigmoid import sigmoid

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Silu(SameVolume):
    """Sigmoid linear unit, also called swish.

    Computes
        y = x/(1 + e^-x).

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
        SILU

    Reference
        Elfwing, Uchibe, Doya, 2018, "Sigmoid-Weighted Linear Units for Neural Network Function
        Approximation in Reinforcement Learning", equation 11; Ramachandran, Zoph, Le, 2017, "Searching for
        Activation Functions".
    """

    keyword = "SILU"
    spellings = ("SWISH",)
    linear = False
    is_activation = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        x = operand(0)
        return build.elementwise(x * sigmoid(x), inputs[0], name="silu")
