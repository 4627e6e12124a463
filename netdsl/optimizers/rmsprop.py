"""RMSprop: the gradient divided by a running average of its size."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.optimizers.optimizer import (
    Decaying,
    decay_all_option,
    decay_option,
    epsilon_option,
    momentum_option,
    rate_option,
    share_option,
)
from netdsl.primitives.expression import square_root

if TYPE_CHECKING:
    from netdsl.optimizers.update import Update


class Rmsprop(Decaying):
    """w = w - rate*g/(sqrt(v) + epsilon), v a running average of g*g, g = gradient + decay*w.

    v = rho*v + (1 - rho)*g*g; with momentum the quotient goes into a velocity first.

    torch.optim.RMSprop with its defaults, where rho is called alpha (Tieleman, Hinton, 2012, lecture 6.5 of
    "Neural Networks for Machine Learning").
    """

    name: ClassVar[str] = "rmsprop"

    rate = rate_option(0.01)
    momentum = momentum_option(0.0)
    decay = decay_option(0.0)
    decay_all = decay_all_option()
    rho = share_option("share of the mean square that is kept", 0.99, words=("rho", "alpha"))
    epsilon = epsilon_option(1e-8)

    def update(self, on: Update) -> None:
        slope = self.decayed_gradient(on)
        square = on.state("square")
        on.assign(square, square + (1 - self.rho) * (slope * slope - square))
        direction = slope / (square_root(square) + self.epsilon)
        if self.momentum:
            velocity = on.state("velocity")
            on.assign(velocity, self.momentum * velocity + direction)
            direction = velocity
        on.assign(on.weight, on.weight - on.rate * direction)
