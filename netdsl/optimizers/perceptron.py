"""The rule of the perceptron: plain steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.optimizers.optimizer import Optimizer, rate_option

if TYPE_CHECKING:
    from netdsl.optimizers.update import Update


class Perceptron(Optimizer):
    """w = w - rate*gradient; with the loss `perceptron` and one image a step, w = w + rate*(d - y)*x.

    Rosenblatt, 1958, "The Perceptron"; d is the target, y the network's output, x the input. The default
    of 1 is Rosenblatt's: for a single layer that starts at 0 the rate only scales the weights. Deeper
    networks and other losses want a small one.
    """

    name: ClassVar[str] = "perceptron"

    rate = rate_option(1.0)

    def update(self, on: Update) -> None:
        on.assign(on.weight, on.weight - on.rate * on.gradient)
