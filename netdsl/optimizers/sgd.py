"""Stochastic gradient descent with momentum and weight decay."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.optimizers.optimizer import Optimizer
from netdsl.primitives.expression import operand

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Sgd(Optimizer):
    """velocity = momentum*velocity + gradient + decay*w;  w = w - rate*velocity.

    PyTorch's form (Sutskever, Martens, Dahl, Hinton, 2013, "On the Importance of Initialization
    and Momentum in Deep Learning", equations 1 and 2, with the rate outside the velocity): equal
    to the lecture's v = momentum*v - rate*gradient as long as the rate stays the same.
    """

    name: ClassVar[str] = "sgd"

    def __init__(self, *, momentum: float = 0.9, decay: float = 0.0) -> None:
        self.momentum = momentum
        self.decay = decay

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
