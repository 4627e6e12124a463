"""DECONV: transposed convolution, which makes a volume larger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import Layer, Parameter, Window
from netdsl.layers.option import count, flag, padding, size
from netdsl.layers.sliding import depth_problems, filter_depth, filters_give
from netdsl.layers.taps import Channels, Reads, reading, spreading_taps
from netdsl.quantities import Padding, Size, Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Deconv(Layer):
    """Transposed convolution: each input puts a weighted copy of the filter into the output.

    Computes
        y[i*S + a - P, j*S + b - P, f] += x[i, j, c] * weights[a, b, f, c], plus bias[f]: the gradient
        of a convolution with respect to its input.

    Volume
        height (H - 1)*S + F - 2P, width likewise, channels = number of filters; with ``same``
        padding H*S.

    Parameters
        weights F*F*(C/groups)*filters, bias filters.

    Cost
        F*F*(C/groups)*filters multiply-accumulates per input position; keeps its input for backward.

    Problems
        ND303 groups do not divide, ND309 nothing is left after the padding, ND317 not as
        deep as its input.

    Example
        input 28x28x128
        DECONV: 64 filters 2x2 at stride 2

    Reference
        Long, Shelhamer, Darrell, 2014, "Fully Convolutional Networks for Semantic Segmentation",
        section 3.3; Dumoulin, Visin, 2016, "A Guide to Convolution Arithmetic for Deep Learning",
        relationship 14.
    """

    keyword = "DECONV"
    spellings = ("DECONVOLUTION", "TRANSPOSED CONV", "UPCONV", "UP CONV", "UP CONVOLUTION", "CONV TRANSPOSE")
    steps_by_kernel = ("up-conv", "up-convolution")
    fillers = ("filters", "filter", "kernels")
    linear = True
    foreign = ("outputpadding",)
    has_weights = True

    filters = count(
        "how many filters, which is the number of output channels", positional=True, letters=("K", "n")
    )
    kernel = size(
        "height and width of a filter",
        words=("kernel", "size"),
        letters=("F", "k", "f"),
        positional=True,
        third="depth",
    )
    depth = filter_depth()
    stride = size("how far apart the copies of the filter are", default=Size(1, 1), letters=("S", "s"))
    padding = padding("rows and columns cut off the output on each side", words=("pad",), letters=("P", "p"))
    groups = count(
        "groups of channels that are convolved separately",
        default=1,
        words=("groups", "group"),
        letters=("g",),
    )
    bias = flag("whether each filter adds a learned number", default=True, words=("bias", "biases"))

    def cut(self) -> Padding:
        """The padding in numbers; ``same`` cuts what the filter reaches beyond stride times input."""
        if isinstance(self.padding, Padding):
            return self.padding
        high, wide = self.kernel.height - self.stride.height, self.kernel.width - self.stride.width
        return Padding(high // 2, high - high // 2, wide // 2, wide - wide // 2)

    @classmethod
    def reworded(cls, name: str, value: Padding, padding: Padding) -> tuple[str, bool] | None:
        """PyTorch's ``output_padding`` cuts so much less at the bottom and on the right; where it is more
        than is cut, the rest is zeros."""
        bottom, right = padding.bottom - value.bottom, padding.right - value.right
        if min(bottom, right) < 0:
            return f" - PAD by bottom {value.bottom} right {value.right}", False
        return f"pad top {padding.top} bottom {bottom} left {padding.left} right {right}", True

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        counts = ((inputs[0].channels, "channels of the input"), (self.filters, "filters"))
        found = [
            Mistake(
                "ND303",
                f"{self.groups} groups do not divide the {number} {what}",
                option="groups",
                label=f"{number}/{self.groups} is not whole",
                spares_volume=True,
            )
            for number, what in counts
            if number % self.groups
        ]
        if min(self.cut()) < 0:
            found.append(
                Mistake(
                    "ND309",
                    f"`same` needs a filter of at least the stride {self.stride}, not {self.kernel}",
                    option="padding",
                    help=(f"use a filter of {self.stride} or more",),
                )
            )
        return tuple(found) or depth_problems(inputs[0], self.kernel, self.depth, self.groups)

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        (x,) = inputs
        cut = self.cut()
        height = (x.height - 1) * self.stride.height + self.kernel.height - cut.top - cut.bottom
        width = (x.width - 1) * self.stride.width + self.kernel.width - cut.left - cut.right
        if height < 1 or width < 1:
            return Mistake(
                "ND309",
                f"padding {cut} leaves nothing of the output",
                option="padding",
                label=self.arithmetic(x)[0],
                help=("use less padding",),
            )
        return Volume(height, width, self.filters)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        (x,) = inputs
        cut = self.cut()
        axes = (
            ("height", x.height, self.stride.height, self.kernel.height, cut.top, cut.bottom),
            ("width", x.width, self.stride.width, self.kernel.width, cut.left, cut.right),
        )
        lines = []
        for axis, extent, stride, kernel, before, after in axes:
            zeros = f"2*{before}" if before == after else f"{before} - {after}"
            result = (extent - 1) * stride + kernel - before - after
            lines.append(f"{axis} ({extent} - 1)*{stride} + {kernel} - {zeros} = {result}")
        if lines[0].removeprefix("height ") == lines[1].removeprefix("width "):
            lines = [lines[0].removeprefix("height ")]
        return (*lines, filters_give(self.filters))

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        channels = inputs[0].channels
        area = self.kernel.height * self.kernel.width
        weights = Parameter(
            "weights",
            (self.kernel.height, self.kernel.width, self.filters // self.groups, channels),
            fan_in=area * channels // self.groups,
            fan_out=area * self.filters // self.groups,
        )
        return (weights, Parameter("bias", (self.filters,))) if self.bias else (weights,)

    def macs(self, *inputs: Volume) -> int:
        (x,) = inputs
        return x.height * x.width * self.parameters(x)[0].values

    def window(self, *inputs: Volume) -> Window:
        # An output sees the inputs whose filters reach it.
        high, wide = -(-self.kernel.height // self.stride.height), -(-self.kernel.width // self.stride.width)
        return Window(Size(high, wide), Size(1, 1), Padding(0, 0, 0, 0))

    def reads(self, *inputs: Volume) -> Reads:
        cut = self.cut()
        rows = spreading_taps(self.kernel.height, self.stride.height, cut.top)
        columns = spreading_taps(self.kernel.width, self.stride.width, cut.left)
        return Reads((reading(rows, columns),), Channels.ALL if self.groups == 1 else Channels.SOME)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        output = self.volume(Volume(x.shape[0], x.shape[1], x.shape[2]))
        assert isinstance(output, Volume)
        y = build.deconvolve(
            x,
            build.parameter("weights"),
            output.size,
            stride=self.stride,
            padding=self.cut(),
            groups=self.groups,
        )
        return build.add_per_channel(y, build.parameter("bias")) if self.bias else y
