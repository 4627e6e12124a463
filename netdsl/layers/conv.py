"""CONV: convolution with learned filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import Layer, Parameter, Window
from netdsl.layers.option import count, flag, padding, size
from netdsl.layers.sliding import Sliding, derivation, slide, sliding
from netdsl.quantities import Size, Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Conv(Layer):
    """Convolution: each filter slides over the volume and takes a weighted sum of what it covers.

    Computes
        y[i, j, f] = bias[f] + sum over a, b, c of x[i*S + a*D - P, j*S + b*D - P, c] *
        weights[a, b, c, f] (a cross-correlation, as every framework computes it; x is 0 outside the volume).

    Volume
        height (H - F + 2P)/S + 1, width likewise, channels = number of filters; with dilation D a
        filter of F covers (F - 1)*D + 1. With ``same`` padding height ceil(H/S).
        The lecture requires the division to come out even; Caffe, PyTorch and TensorFlow's VALID
        round down, cuda-convnet rounds up.

    Parameters
        weights F*F*(C/groups)*filters, bias filters.

    Cost
        F*F*(C/groups) multiply-accumulates per output value; keeps its input for backward.

    Problems
        ND301 does not fit evenly, ND302 larger than its input, ND303 groups do not divide.

    Example
        [227x227x3] INPUT
        [55x55x96] CONV1: 96 11x11 filters at stride 4, pad 0

    Reference
        LeCun, Bottou, Bengio, Haffner, 1998, "Gradient-Based Learning Applied to Document
        Recognition", section II.A; groups: Krizhevsky, Sutskever, Hinton, 2012, "ImageNet
        Classification with Deep Convolutional Neural Networks", section 3.2.
    """

    keyword = "CONV"
    spellings = ("CONVOLUTION", "CONV2D")
    fillers = ("filters", "filter", "kernels", "kernel")
    weighs = True

    filters = count("how many filters, which is the number of output channels", positional=True)
    kernel = size("height and width of a filter", words=("kernel", "size"), positional=True)
    stride = size("how far the filter moves", default=Size(1, 1))
    padding = padding("zeros around the input", words=("pad",))
    dilation = size("steps between neighbouring taps of a filter", default=Size(1, 1))
    groups = count("parts of the channels that do not see each other", default=1, words=("groups", "group"))
    bias = flag("whether each filter adds a learned number", default=True, words=("bias", "biases"))

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        (x,) = inputs
        found = []
        if x.channels % self.groups:
            found.append(
                Mistake(
                    "ND303",
                    f"{self.groups} groups do not divide the {x.channels} channels of the input",
                    option="groups",
                    label=f"{x.channels}/{self.groups} is not whole",
                )
            )
        if self.filters % self.groups:
            found.append(
                Mistake(
                    "ND303",
                    f"{self.groups} groups do not divide the {self.filters} filters",
                    option="groups",
                    label=f"{self.filters}/{self.groups} is not whole",
                )
            )
        return tuple(found)

    def moving(self, x: Volume) -> Sliding:
        """The filter on its way over an input."""
        return sliding(x, self.kernel, self.stride, self.padding, self.dialect.convolution, self.dilation)

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        outcome = slide(inputs[0], self.moving(inputs[0]), "filter")
        return outcome if isinstance(outcome, Mistake) else Volume(*outcome, self.filters)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        steps = derivation(inputs[0], self.moving(inputs[0]))
        return (*steps, f"{self.filters} filters give {self.filters} channels")

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        depth = inputs[0].channels // self.groups
        area = self.kernel.height * self.kernel.width
        weights = Parameter(
            "weights",
            (self.kernel.height, self.kernel.width, depth, self.filters),
            fan_in=area * depth,
            fan_out=area * self.filters // self.groups,
        )
        return (weights, Parameter("bias", (self.filters,))) if self.bias else (weights,)

    def macs(self, *inputs: Volume) -> int:
        (x,) = inputs
        out = slide(x, self.moving(x), "filter")
        assert not isinstance(out, Mistake)
        per_value = self.kernel.height * self.kernel.width * (x.channels // self.groups)
        return per_value * out.height * out.width * self.filters

    def window(self, *inputs: Volume) -> Window:
        moving = self.moving(inputs[0])
        return Window(moving.kernel, moving.stride, moving.padding)

    def kept_values(self, *inputs: Volume) -> int:
        return inputs[0].values

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        volume = Volume(x.shape[0], x.shape[1], x.shape[2])
        moving = self.moving(volume)
        output = slide(volume, moving, "filter")
        assert not isinstance(output, Mistake)
        y = build.convolve(
            x,
            build.parameter("weights"),
            output,
            stride=self.stride,
            padding=moving.padding,
            groups=self.groups,
            dilation=self.dilation,
        )
        return build.add_per_channel(y, build.parameter("bias")) if self.bias else y
