"""SIGMOID: numbers are squashed between 0 and 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import SameVolume
from netdsl.primitives.expression import operand
from netdsl.primitives.functions.sigmoid import sigmoid

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Sigmoid(SameVolume):
    """Logistic sigmoid.

    Computes
        y = 1/(1 + e^-x).

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
        SIGMOID

    Reference
        Rumelhart, Hinton, Williams, 1986, "Learning Representations by Back-Propagating Errors",
        equation 2.
    """

    keyword = "SIGMOID"
    spellings = ("LOGISTIC",)
    linear = False
    is_activation = True
    never_negative = True
    saturates = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        return build.elementwise(sigmoid(operand(0)), inputs[0], name="sigmoid")
