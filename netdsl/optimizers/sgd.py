"""Stochastic gradient descent with momentum and weight decay."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.optimizers.optimizer import WithMomentum

if TYPE_CHECKING:
    from netdsl.optimizers.update import Update


class Sgd(WithMomentum):
    """velocity = momentum*velocity + gradient + decay*w;  w = w - rate*velocity.

    PyTorch's form, torch.optim.SGD (Sutskever, Martens, Dahl, Hinton, 2013, "On the Importance of
    Initialization and Momentum in Deep Learning", equations 1 and 2, with the rate outside the velocity):
    equal to the lecture's, `momentum`, as long as the rate stays the same. The defaults are those of
    Krizhevsky, Sutskever, Hinton, 2012, "ImageNet Classification with Deep Convolutional Neural Networks",
    section 5.
    """

    name: ClassVar[str] = "sgd"

    def update(self, on: Update) -> None:
        slope = self.decayed_gradient(on)
        if not self.momentum:
            on.assign(on.weight, on.weight - on.rate * slope)
            return
        velocity = on.state("velocity")
        on.assign(velocity, self.momentum * velocity + slope)
        on.assign(on.weight, on.weight - on.rate * velocity)
