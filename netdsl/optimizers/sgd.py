"""Stochastic gradient descent with momentum and weight decay."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.layers.option import real
from netdsl.optimizers.optimizer import Optimizer
from netdsl.primitives.expression import operand

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Sgd(Optimizer):
    """velocity = momentum*velocity + gradient + decay*w;  w = w - rate*velocity.

    PyTorch's form (Sutskever, Martens, Dahl, Hinton, 2013, "On the Importance of Initialization
    and Momentum in Deep Learning", equations 1 and 2, with the rate outside the velocity): equal
    to the lecture's v = momentum*v - rate*gradient as long as the rate stays the same. The defaults are
    those of Krizhevsky, Sutskever, Hinton, 2012, "ImageNet Classification with Deep Convolutional
    Neural Networks", section 5.
    """

    name: ClassVar[str] = "sgd"

    rate = real("learning rate", default=0.01, minimum=0.0, above=True, maximum=1e6)
    momentum = real("share of the velocity that stays", default=0.9, minimum=0.0, maximum=0.999999)
    decay = real("weight decay", default=5e-4, minimum=0.0, maximum=1e6)

    def update(
        self, build: Builder, parameter: Tensor, gradient: Tensor, rate: Tensor, *, decays: bool
    ) -> tuple[Tensor, ...]:
        w, g, r, v = (operand(number) for number in range(4))
        slope = g + self.decay * w if decays and self.decay else g
        if not self.momentum:
            build.assign(parameter, w - r * slope, parameter, gradient, rate)
            return ()
        velocity = build.store(f"{parameter.name}.velocity", parameter.shape)
        build.assign(velocity, self.momentum * v + slope, parameter, gradient, rate, velocity)
        build.assign(parameter, w - r * v, parameter, gradient, rate, velocity)
        return (velocity,)
