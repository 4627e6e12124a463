"""Nesterov's momentum: the step looks ahead along the velocity."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.optimizers.optimizer import WithMomentum

if TYPE_CHECKING:
    from netdsl.optimizers.update import Update


class Nesterov(WithMomentum):
    """velocity = momentum*velocity + g;  w = w - rate*(g + momentum*velocity), g = gradient + decay*w.

    torch.optim.SGD with nesterov=True (Sutskever, Martens, Dahl, Hinton, 2013, "On the Importance of
    Initialization and Momentum in Deep Learning", equations 3 and 4, in the variables of the point ahead).
    The defaults are those of `sgd`.
    """

    name: ClassVar[str] = "nesterov"

    def update(self, on: Update) -> None:
        slope = self.decayed_gradient(on)
        velocity = on.state("velocity")
        on.assign(velocity, self.momentum * velocity + slope)
        on.assign(on.weight, on.weight - on.rate * (slope + self.momentum * velocity))
