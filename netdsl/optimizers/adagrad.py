"""Adagrad: the gradient divided by the size of all gradients so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.optimizers.optimizer import (
    Decaying,
    decay_all_option,
    decay_option,
    epsilon_option,
    rate_option,
)
from netdsl.primitives.expression import square_root

if TYPE_CHECKING:
    from netdsl.optimizers.update import Update


class Adagrad(Decaying):
    """w = w - rate*g/(sqrt(sum of g*g so far) + epsilon), g = gradient + decay*w.

    torch.optim.Adagrad with its defaults (Duchi, Hazan, Singer, 2011, "Adaptive Subgradient Methods for
    Online Learning and Stochastic Optimization", figure 1).
    """

    name: ClassVar[str] = "adagrad"

    rate = rate_option(0.01)
    decay = decay_option(0.0)
    decay_all = decay_all_option()
    epsilon = epsilon_option(1e-10)

    def update(self, on: Update) -> None:
        slope = self.decayed_gradient(on)
        squares = on.state("squares")
        on.assign(squares, squares + slope * slope)
        on.assign(on.weight, on.weight - on.rate * slope / (square_root(squares) + self.epsilon))
