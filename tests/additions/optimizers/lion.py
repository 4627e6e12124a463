"""Lion: the sign of a mean of gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.optimizers.optimizer import Decaying, decay_all_option, decay_option, rate_option, share_option
from netdsl.primitives.expression import greater

if TYPE_CHECKING:
    from netdsl.optimizers.update import Update


class Lion(Decaying):
    """w = w - rate*(sign(beta1*m + (1 - beta1)*g) + decay*w), then m = beta2*m + (1 - beta2)*g.

    Chen et al., 2023, "Symbolic Discovery of Optimization Algorithms", program 1.
    """

    name: ClassVar[str] = "lion"

    rate = rate_option(0.0001)
    decay = decay_option(0.0)
    decay_all = decay_all_option()
    beta1 = share_option("share of the mean gradient in the step", 0.9)
    beta2 = share_option("share of the mean gradient that stays", 0.99)

    def update(self, on: Update) -> None:
        mean = on.state("mean")
        slope = mean + (1 - self.beta1) * (on.gradient - mean)
        sign = greater(slope, 0.0) - greater(0.0, slope)
        on.assign(on.weight, on.weight - on.rate * (sign + self.decay_of(on) * on.weight))
        on.assign(mean, mean + (1 - self.beta2) * (on.gradient - mean))
