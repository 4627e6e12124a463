"""RELU6: a rectifier with a ceiling at 6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import SameVolume
from netdsl.primitives.expression import operand, relu

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Relu6(SameVolume):
    """Rectified linear unit with a ceiling, of MobileNet.

    Computes
        y = min(max(x, 0), 6).

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
        RELU6

    Reference
        Howard, Zhu, Chen and others, 2017, "MobileNets: Efficient Convolutional Neural Networks for Mobile
        Vision Applications"; the ceiling: Krizhevsky, 2010, "Convolutional Deep Belief Networks on CIFAR-10".
    """

    keyword = "RELU6"
    spellings = ("RELU 6",)
    linear = False
    is_activation = True
    never_negative = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        x = operand(0)
        return build.elementwise(relu(x) - relu(x - 6), inputs[0], name="relu6")
