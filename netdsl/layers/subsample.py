"""SUBSAMPLE: LeNet's trainable average."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import Parameter
from netdsl.layers.pooling import Pooling
from netdsl.primitives.expression import operand
from netdsl.primitives.window import Counts
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Subsample(Pooling):
    """Subsampling: the sum under a window, times a learned coefficient, plus a learned bias.

    Computes
        y[i, j, c] = coefficient[c] * (sum over a, b of x[i*S + a - P, j*S + b - P, c]) + bias[c];
        coefficients start at 1/(F*F), an average. The squashing function that LeNet puts after it is
        a layer of its own.

    Volume
        height (H - F + 2P)/S + 1, width likewise, channels unchanged.

    Parameters
        coefficient C, bias C.

    Cost
        no multiply-accumulates of weights, F*F + 1 connections per output; keeps the sums for
        backward.

    Problems
        ND301 does not fit evenly, ND302 larger than its input, ND304 a window sees nothing.

    Example
        input 28x28x6
        SUBSAMPLE: 2x2 at stride 2

    Reference
        LeCun, Bottou, Bengio, Haffner, 1998, "Gradient-Based Learning Applied to Document
        Recognition", section II.B, layers S2 and S4.
    """

    keyword = "SUBSAMPLE"
    spellings = ("SUBSAMPLING", "SUB SAMPLE")
    fillers = ("windows", "window")
    linear = True

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        moving = self.moving(inputs[0])
        channels = inputs[0].channels
        average = 1 / (moving.kernel.height * moving.kernel.width)
        return (Parameter("coefficient", (channels,), initial=average), Parameter("bias", (channels,)))

    def connections(self, *inputs: Volume) -> int:
        moving = self.moving(inputs[0])
        return self.output(*inputs).values * (moving.kernel.height * moving.kernel.width + 1)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        volume = Volume(x.shape[0], x.shape[1], x.shape[2])
        moving = self.moving(volume)
        sums = build.window_average(
            x,
            self.output(volume),
            kernel=moving.kernel,
            stride=moving.stride,
            padding=moving.padding,
            counts=Counts.ONE,
        )
        formula = operand(0) * operand(1) + operand(2)
        coefficient, bias = build.parameter("coefficient"), build.parameter("bias")
        return build.elementwise(formula, sums, coefficient, bias, name="subsampled")
