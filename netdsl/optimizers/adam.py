"""Adam: each weight has its own rate, by the mean and the mean square of its gradient."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, ClassVar

from netdsl.optimizers.optimizer import (
    Decaying,
    decay_all_option,
    decay_option,
    epsilon_option,
    rate_option,
    share_option,
)
from netdsl.primitives.expression import Expression, square_root

if TYPE_CHECKING:
    from netdsl.optimizers.update import Update


class Adam(Decaying):
    """w = w - rate*m/(sqrt(v) + epsilon), m and v running averages of g and g*g, g = gradient + decay*w.

    m = beta1*m + (1 - beta1)*g, v = beta2*v + (1 - beta2)*g*g, both from 0 and therefore divided by
    1 - beta1^t and 1 - beta2^t in update t.

    torch.optim.Adam with its defaults, those of Kingma, Ba, 2015, "Adam: A Method for Stochastic
    Optimization", algorithm 1. Weight decay goes into the gradient, so that weights with large gradients
    decay less; `adamw` keeps it apart.
    """

    name: ClassVar[str] = "adam"

    rate = rate_option(0.001)
    decay = decay_option(0.0)
    decay_all = decay_all_option()
    beta1 = share_option("share of the mean gradient that is kept", 0.9)
    beta2 = share_option("share of the mean square that is kept", 0.999)
    epsilon = epsilon_option(1e-8)

    def numbers(self, rate: float, update: int) -> dict[str, float]:
        return {
            "rate": rate,
            "mean_correction": 1 / (1 - self.beta1**update),
            "square_correction": 1 / sqrt(1 - self.beta2**update),
        }

    def update(self, on: Update) -> None:
        on.assign(on.weight, on.weight - on.rate * self.direction(on, self.decayed_gradient(on)))

    def direction(self, on: Update, slope: Expression) -> Expression:
        """Keep the averages of a slope; their corrected quotient."""
        mean, square = on.state("mean"), on.state("square")
        # As a step towards the newest value: 1 - beta is exact to the last bit where beta, near 1, is not.
        on.assign(mean, mean + (1 - self.beta1) * (slope - mean))
        on.assign(square, square + (1 - self.beta2) * (slope * slope - square))
        deviation = square_root(square) * on.number("square_correction") + self.epsilon
        return on.number("mean_correction") * mean / deviation
