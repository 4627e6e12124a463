"""TANH: numbers are squashed between -1 and 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import Pointwise
from netdsl.primitives.expression import operand, tanh

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Tanh(Pointwise):
    """Hyperbolic tangent.

    Computes
        y = tanh(x).

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
        TANH

    Reference
        LeCun, Bottou, Orr, Mueller, 1998, "Efficient BackProp", section 4.4.
    """

    keyword = "TANH"
    activates = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        return build.elementwise(tanh(operand(0)), inputs[0], name="tanh")
