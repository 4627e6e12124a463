"""Multiclass hinge loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.layers.softmax import Softmax
from netdsl.losses.loss import Loss
from netdsl.primitives.expression import operand, relu

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Hinge(Loss):
    """Sum over the wrong classes of max(0, score - right score + 1), averaged over the batch.

    Weston, Watkins, 1999, "Support Vector Machines for Multi-Class Pattern Recognition"; the L_i of
    CS231n, "Linear Classification", with a margin of 1.
    """

    name: ClassVar[str] = "hinge"
    takes_scores: ClassVar[bool] = True

    def lower(self, build: Builder, scores: Tensor, target: Tensor) -> Tensor:
        a, b, c = (operand(number) for number in range(3))
        right = build.reduce(a * b, scores, target, keep="batch", name="right")
        margin = relu(a - b + 1) * (1 - c) * (1 / build.batch)
        return build.reduce(margin, scores, right, target, keep="", name="hinge")

    def probabilities(self, build: Builder, scores: Tensor) -> Tensor:
        return Softmax().lower(build, build.flatten(scores))
