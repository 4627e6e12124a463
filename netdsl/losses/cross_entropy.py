"""Cross-entropy of the softmax of the scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.layers.softmax import Softmax
from netdsl.losses.loss import Loss
from netdsl.primitives.expression import exp, log, operand

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class CrossEntropy(Loss):
    """-log of the probability that softmax gives the right class, averaged over the batch.

    Computes log(sum over c of e^(s[c] - m)) + m - s[right] with m the largest score, which
    neither overflows nor takes the logarithm of 0 (Goodfellow, Bengio, Courville, 2016, "Deep
    Learning", section 6.2.2.3). Its gradient is softmax(s) - target.
    """

    name: ClassVar[str] = "cross-entropy"
    takes_scores: ClassVar[bool] = True

    def lower(self, build: Builder, scores: Tensor, target: Tensor) -> Tensor:
        a, b, c, d = (operand(number) for number in range(4))
        largest = build.reduce(a, scores, keep="batch", maximum=True, name="largest")
        total = build.reduce(exp(a - b), scores, largest, keep="batch", name="total")
        return build.reduce(
            d * (log(c) + b - a) * (1 / build.batch),
            scores,
            largest,
            total,
            target,
            keep="",
            name="cross_entropy",
        )

    def probabilities(self, build: Builder, scores: Tensor) -> Tensor:
        return Softmax().lower(build, build.flatten(scores))
