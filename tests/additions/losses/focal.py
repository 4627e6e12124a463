"""Focal loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.layers.option import real
from netdsl.losses.loss import Loss
from netdsl.primitives.expression import maximum, operand, power
from netdsl.primitives.functions.log import log

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Focal(Loss):
    """Cross-entropy that counts well classified images less, averaged over the batch.

    Computes
        -(1 - p)^gamma * ln p, p the probability of the right class.

    Reference
        Lin et al., 2017, "Focal Loss for Dense Object Detection", equation 4.
    """

    name: ClassVar[str] = "focal"

    gamma = real("how fast well classified images stop to count", default=2.0, minimum=1.0, maximum=100.0)

    def lower(self, build: Builder, scores: Tensor, target: Tensor) -> Tensor:
        a, b = operand(0), operand(1)
        p = maximum(a, 1e-30)
        loss = -1 * power(1 - a, self.gamma) * log(p) * b * (1 / build.batch)
        return build.reduce(loss, scores, target, keep="", name="focal")

    def probabilities(self, build: Builder, scores: Tensor) -> Tensor:
        return scores
