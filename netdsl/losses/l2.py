"""Squared distance between the output and the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.layers.softmax import Softmax
from netdsl.losses.loss import Loss
from netdsl.primitives.expression import operand

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class L2(Loss):
    """1/2 * sum over the classes of (output - target)^2, averaged over the batch.

    The E of Rumelhart, Hinton, Williams, 1986, equation 3, per image. Its gradient is output -
    target. Targets are 1 for the right class and 0 for the others.
    """

    name: ClassVar[str] = "l2"
    takes_shares: ClassVar[bool] = True

    def lower(self, build: Builder, scores: Tensor, target: Tensor) -> Tensor:
        distance = operand(0) - operand(1)
        return build.reduce(distance * distance * (0.5 / build.batch), scores, target, keep="", name="l2")

    def probabilities(self, build: Builder, scores: Tensor) -> Tensor:
        return Softmax().lower(build, build.flatten(scores))
