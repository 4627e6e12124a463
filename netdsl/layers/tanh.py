"""TANH: numbers are squashed between -1 and 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import SameVolume
from netdsl.layers.option import flag
from netdsl.primitives.expression import operand
from netdsl.primitives.functions.tanh import tanh

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Tanh(SameVolume):
    """Hyperbolic tangent.

    Computes
        y = tanh(x); scaled, y = 1.7159*tanh(2x/3), which is 1 at 1 and most curved there.

    Volume
        unchanged.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps the tangents for backward.

    Problems
        none.

    Example
        input 28x28x6
        TANH

    Reference
        LeCun, Bottou, Orr, Mueller, 1998, "Efficient BackProp", section 4.4.
    """

    keyword = "TANH"
    linear = False
    is_activation = True
    saturates = True

    scaled = flag("LeCun's form, 1.7159*tanh(2x/3)", default=False)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        plain = build.elementwise(tanh(operand(0) * (2 / 3 if self.scaled else 1)), inputs[0], name="tanh")
        return build.elementwise(operand(0) * 1.7159, plain, name="scaled") if self.scaled else plain
