"""LOCAL: local connectivity without weight sharing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import Layer, Parameter, Window, window_reading
from netdsl.layers.option import count, flag, padding, size
from netdsl.layers.sliding import (
    Sliding,
    depth_problems,
    derivation,
    filter_depth,
    filters_give,
    slide,
    sliding,
)
from netdsl.layers.taps import Channels, Reads
from netdsl.primitives.expression import operand
from netdsl.quantities import Size, Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Local(Layer):
    """Locally connected layer: windows as in a convolution, but each position has its own weights.

    Computes
        y[i, j, f] = bias[i, j, f] + sum over a, b, c of x[i*S + a - P, j*S + b - P, c] *
        weights[i, j, a, b, c, f].

    Volume
        as CONV: height (H - F + 2P)/S + 1, width likewise, channels = number of filters.

    Parameters
        weights output height * output width * F*F*C*filters, bias one per output.

    Cost
        F*F*C multiply-accumulates per output value; keeps its input for backward.

    Problems
        ND301 does not fit evenly, ND302 larger than its input, ND317 not as deep as its input.

    Example
        input 7x1
        LOCAL: 1 filter 3x1 at stride 2, no bias

    Reference
        LeCun, 1989, "Generalization and Network Design Strategies", section 5.2: local connections
        without shared weights.
    """

    keyword = "LOCAL"
    spellings = ("LOCALLY CONNECTED", "LOCAL CONV")
    fillers = ("filters", "filter", "kernels")
    linear = True
    has_weights = True

    filters = count("how many outputs at each position", positional=True, letters=("K", "n"))
    kernel = size(
        "height and width of a window",
        words=("kernel", "size"),
        letters=("F", "k", "f"),
        positional=True,
        third="depth",
    )
    depth = filter_depth()
    stride = size("how far the window moves", default=Size(1, 1), letters=("S", "s"))
    padding = padding("zeros around the input", words=("pad",), letters=("P", "p"))
    bias = flag("whether each output adds a learned number", default=True, words=("bias", "biases"))

    def moving(self, x: Volume) -> Sliding:
        """How the window slides over an input."""
        return sliding(x, self.kernel, self.stride, self.padding, self.dialect.convolution)

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        return depth_problems(inputs[0], self.kernel, self.depth)

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        outcome = slide(inputs[0], self.moving(inputs[0]), "window")
        return outcome if isinstance(outcome, Mistake) else Volume(*outcome, self.filters)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        derived = derivation(inputs[0], self.moving(inputs[0]))
        return (*derived, filters_give(self.filters))

    def _extents(self, x: Volume) -> Size:
        outcome = slide(x, self.moving(x), "window")
        assert isinstance(outcome, Size)
        return outcome

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        (x,) = inputs
        out = self._extents(x)
        seen = self.kernel.height * self.kernel.width * x.channels
        weights = Parameter(
            "weights", (out.height * out.width, seen, self.filters), fan_in=seen, fan_out=self.filters
        )
        bias = Parameter("bias", (out.height, out.width, self.filters))
        return (weights, bias) if self.bias else (weights,)

    def macs(self, *inputs: Volume) -> int:
        return self.parameters(*inputs)[0].values

    def window(self, *inputs: Volume) -> Window:
        moving = self.moving(inputs[0])
        return Window(moving.kernel, moving.stride, moving.padding)

    def reads(self, *inputs: Volume) -> Reads:
        return Reads((window_reading(self.window(*inputs)),), Channels.ALL)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        volume = Volume(x.shape[0], x.shape[1], x.shape[2])
        moving = self.moving(volume)
        y = build.convolve_locally(
            x,
            build.parameter("weights"),
            self._extents(volume),
            kernel=self.kernel,
            stride=self.stride,
            padding=moving.padding,
        )
        if not self.bias:
            return y
        return build.elementwise(operand(0) + operand(1), y, build.parameter("bias"), name="biased")
