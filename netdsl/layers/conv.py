"""CONV: convolution with learned filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import Layer, Parameter, Window
from netdsl.layers.option import count, flag, padding, size
from netdsl.layers.sliding import equations, slide
from netdsl.quantities import Size, Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Conv(Layer):
    """Convolution: each filter slides over the volume and takes a weighted sum of what it covers.

    Computes
        y[i, j, f] = bias[f] + sum over a, b, c of x[i*S + a - P, j*S + b - P, c] * weights[a, b, c, f]
        (a cross-correlation, as every framework computes it; x is 0 outside the volume).

    Volume
        height (H - F + 2P)/S + 1, width likewise, channels = number of filters.
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

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        outcome = slide(inputs[0], self.kernel, self.stride, self.padding, "filter")
        return outcome if isinstance(outcome, Mistake) else Volume(*outcome, self.filters)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        steps = equations(inputs[0], self.kernel, self.stride, self.padding)
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
        out = slide(x, self.kernel, self.stride, self.padding, "filter")
        assert not isinstance(out, Mistake)
        per_value = self.kernel.height * self.kernel.width * (x.channels // self.groups)
        return per_value * out.height * out.width * self.filters

    def window(self, *inputs: Volume) -> Window:
        return Window(self.kernel, self.stride, self.padding)

    def kept_values(self, *inputs: Volume) -> int:
        return inputs[0].values

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        output = slide(
            Volume(x.shape[0], x.shape[1], x.shape[2]), self.kernel, self.stride, self.padding, "filter"
        )
        assert not isinstance(output, Mistake)
        y = build.convolve(
            x,
            build.parameter("weights"),
            output,
            stride=self.stride,
            padding=self.padding,
            groups=self.groups,
        )
        return build.add_per_channel(y, build.parameter("bias")) if self.bias else y
