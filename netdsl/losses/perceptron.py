"""The perceptron's rule as a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.layers.softmax import Softmax
from netdsl.losses.loss import Loss
from netdsl.primitives.expression import greater, operand

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Perceptron(Loss):
    """Sum over the classes of (y - d)*s, y = 1 where the score s > 0, else 0, averaged over the batch.

    Its gradient for a score is y - d, so that a step of plain SGD is the perceptron's rule
    w += rate*(d - y)*x (Rosenblatt, 1957). It takes what goes into a closing STEP.
    """

    name: ClassVar[str] = "perceptron"
    takes_scores: ClassVar[bool] = True

    def lower(self, build: Builder, scores: Tensor, target: Tensor) -> Tensor:
        score, wanted = operand(0), operand(1)
        mistake = greater(score, 0) - wanted
        return build.reduce(mistake * score * (1 / build.batch), scores, target, keep="", name="perceptron")

    def probabilities(self, build: Builder, scores: Tensor) -> Tensor:
        return Softmax().lower(build, build.flatten(scores))
