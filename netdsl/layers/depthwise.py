"""DEPTHWISE: a convolution of each channel by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import Layer, Parameter, Window
from netdsl.layers.option import count, flag, padding, size
from netdsl.layers.sliding import Sliding, depth_problems, derivation, filter_depth, slide, sliding
from netdsl.quantities import Size, Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Depthwise(Layer):
    """Depthwise convolution: each channel has its own filters.

    Computes
        y[i, j, c*M + m] = bias[c*M + m] + sum over a, b of x[i*S + a*D - P, j*S + b*D - P, c] *
        weights[a, b, 0, c*M + m], with M filters per channel.

    Volume
        as CONV: height (H - F + 2P)/S + 1, width likewise, channels C*M.

    Parameters
        weights F*F*C*M, bias C*M.

    Cost
        F*F multiply-accumulates per output value; keeps its input for backward.

    Problems
        ND301 does not fit evenly, ND302 larger than its input, ND317 not as deep as its input.

    Example
        input 28x28x32
        DEPTHWISE: 3x3 pad 1

    Reference
        Sifre, 2014, "Rigid-Motion Scattering for Image Classification", PhD thesis, section 6.2; Howard
        and others, 2017, "MobileNets", equation 3.
    """

    keyword = "DEPTHWISE"
    spellings = ("DEPTHWISE CONV", "DWCONV", "CONV DW")
    unsized = ("CONV DW", "3x3", "same")
    fillers = ("filters", "filter", "kernels", "dw")
    linear = True
    has_weights = True

    multiplier = count("filters per channel", default=1)
    kernel = size(
        "height and width of a filter",
        words=("kernel", "size"),
        letters=("F", "k", "f"),
        positional=True,
        example="3x3 pad 1",
        third="depth",
    )
    depth = filter_depth()
    stride = size("how far the filter moves", default=Size(1, 1), letters=("S", "s"))
    padding = padding("zeros around the input", words=("pad",), letters=("P", "p"))
    dilation = size("steps between neighbouring taps of a filter", default=Size(1, 1), letters=("d",))
    bias = flag("whether each filter adds a learned number", default=True, words=("bias", "biases"))

    def moving(self, x: Volume) -> Sliding:
        """How the filter slides over an input."""
        return sliding(x, self.kernel, self.stride, self.padding, self.dialect.convolution, self.dilation)

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        return depth_problems(inputs[0], self.kernel, self.depth, inputs[0].channels)

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        (x,) = inputs
        outcome = slide(x, self.moving(x), "filter")
        return outcome if isinstance(outcome, Mistake) else Volume(*outcome, x.channels * self.multiplier)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        (x,) = inputs
        channels = f"{x.channels} channels x {self.multiplier} = {x.channels * self.multiplier}"
        return (*derivation(x, self.moving(x)), channels)

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        channels = inputs[0].channels * self.multiplier
        area = self.kernel.height * self.kernel.width
        shape = (self.kernel.height, self.kernel.width, 1, channels)
        weights = Parameter("weights", shape, fan_in=area, fan_out=area * self.multiplier)
        return (weights, Parameter("bias", (channels,))) if self.bias else (weights,)

    def macs(self, *inputs: Volume) -> int:
        output = self.volume(*inputs)
        assert isinstance(output, Volume)
        return output.values * self.kernel.height * self.kernel.width

    def window(self, *inputs: Volume) -> Window:
        moving = self.moving(inputs[0])
        return Window(moving.kernel, moving.stride, moving.padding, self.dilation)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        volume = Volume(x.shape[0], x.shape[1], x.shape[2])
        output = self.volume(volume)
        assert isinstance(output, Volume)
        y = build.convolve(
            x,
            build.parameter("weights"),
            output.size,
            stride=self.stride,
            padding=self.moving(volume).padding,
            groups=volume.channels,
            dilation=self.dilation,
        )
        return build.add_per_channel(y, build.parameter("bias")) if self.bias else y
