"""HARD SWISH: numbers weighted by their hard sigmoid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import SameVolume
from netdsl.primitives.expression import operand, relu

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class HardSwish(SameVolume):
    """Hard swish of MobileNet v3.

    Computes
        y = x * min(max(x + 3, 0), 6)/6.

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
        HARD SWISH

    Reference
        Howard, Sandler, Chu, Chen and others, 2019, "Searching for MobileNetV3", section 5.2.
    """

    keyword = "HARD SWISH"
    spellings = ("HSWISH", "HARD SILU")
    linear = False
    is_activation = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        x = operand(0)
        gate = (relu(x + 3) - relu(x - 3)) * (1 / 6)
        return build.elementwise(x * gate, inputs[0], name="hard_swish")
