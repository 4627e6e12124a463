"""SOFTMAX: scores become probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import SameVolume
from netdsl.layers.taps import Channels, Reads, reading_here
from netdsl.primitives.expression import operand
from netdsl.primitives.functions.exp import exp
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Softmax(SameVolume):
    """Softmax over the channels of each position: positive numbers that add up to 1.

    Computes
        y[i, j, c] = e^x[i, j, c] / (sum over c' of e^x[i, j, c']), with the largest score taken
        off first so that no exponential overflows.

    Volume
        unchanged.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps the powers and their sums for backward.

    Problems
        none.

    Example
        input 10
        SOFTMAX

    Reference
        Bridle, 1990, "Probabilistic Interpretation of Feedforward Classification Network Outputs",
        section 3.
    """

    keyword = "SOFTMAX"
    linear = False
    is_activation = True
    never_negative = True
    yields_probabilities = True

    def reads(self, *inputs: Volume) -> Reads:
        return Reads((reading_here(),), Channels.ALL)

    def normalised_values(self, *inputs: Volume) -> int:
        return inputs[0].channels

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        a, b = operand(0), operand(1)
        largest = build.reduce(a, x, keep="batch space", maximum=True, name="largest")
        powers = build.elementwise(exp(a - b), x, largest, name="powers")
        total = build.reduce(a, powers, keep="batch space", name="total")
        return build.elementwise(a / b, powers, total, name="probabilities")
