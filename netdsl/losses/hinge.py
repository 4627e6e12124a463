"""Multiclass hinge loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.layers.option import flag, real
from netdsl.layers.softmax import Softmax
from netdsl.losses.loss import Loss, Untrained
from netdsl.primitives.expression import operand, relu

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


_DEVIATION = 4.5
"""Of untrained scores that are just not too large."""


class Hinge(Loss):
    """What wrong classes come too close to the right one, averaged over the batch.

    Computes
        the sum over the wrong classes of max(0, score - right score + margin), or of its square.

    Reference
        Weston, Watkins, 1999, "Support Vector Machines for Multi-Class Pattern Recognition"; the L_i of
        CS231n, "Linear Classification"; PyTorch's MultiMarginLoss, which divides by the classes as well.
    """

    name: ClassVar[str] = "hinge"
    takes_scores: ClassVar[bool] = True

    margin = real("by how much the right score should win", default=1.0, minimum=0.0, maximum=1e6)
    squared = flag("squares each part, which punishes large ones more")

    def lower(self, build: Builder, scores: Tensor, target: Tensor) -> Tensor:
        a, b, c = (operand(number) for number in range(3))
        right = build.reduce(a * b, scores, target, keep="batch", name="right")
        part = relu(a - b + self.margin)
        loss = (part * part if self.squared else part) * (1 - c) * (1 / build.batch)
        return build.reduce(loss, scores, right, target, keep="", name="hinge")

    def probabilities(self, build: Builder, scores: Tensor) -> Tensor:
        return Softmax().lower(build, build.flatten(scores))

    def untrained(self, scores: int) -> Untrained | None:
        """The margin for each wrong class; scores that deviate by 4.5, as for cross-entropy, may add as much
        to each."""
        exponent = 2 if self.squared else 1
        equal = self.margin**exponent
        formula = f"{scores - 1}*{self.margin:g}{'^2' if self.squared else ''}"
        spread = (self.margin + _DEVIATION) ** exponent - equal
        return Untrained((scores - 1) * equal, formula, (scores - 1) * spread)
