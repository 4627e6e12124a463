"""Momentum as lectures write it: the rate is in the velocity."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.optimizers.optimizer import WithMomentum

if TYPE_CHECKING:
    from netdsl.optimizers.update import Update


class Momentum(WithMomentum):
    """velocity = momentum*velocity - rate*(gradient + decay*w);  w = w + velocity.

    The form of lectures, Caffe and Keras (Rumelhart, Hinton, Williams, 1986, "Learning Representations by
    Back-propagating Errors", equation 9). As long as the rate stays the same it is `sgd`; where the rate
    drops, the velocity keeps the rates under which it was gathered, and `sgd`'s slows down at once. The
    defaults are those of `sgd`.
    """

    name: ClassVar[str] = "momentum"

    def update(self, on: Update) -> None:
        velocity = on.state("velocity")
        on.assign(velocity, self.momentum * velocity - on.rate * self.decayed_gradient(on))
        on.assign(on.weight, on.weight + velocity)
