"""CONV: convolution with learned filters."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.connection_tables import TABLES
from netdsl.layers.layer import Layer, Parameter, Window, window_reading
from netdsl.layers.option import count, flag, padding, size, table
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


class Conv(Layer):
    """Convolution: each filter slides over the volume and takes a weighted sum of what it covers.

    Computes
        y[i, j, f] = bias[f] + sum over a, b, c of x[i*S + a*D - P, j*S + b*D - P, c] *
        weights[a, b, c, f] (a cross-correlation, as every framework computes it; x is 0 outside the volume).

    Volume
        height (H - F + 2P)/S + 1, width likewise, channels = number of filters; with dilation D a
        filter of F covers (F - 1)*D + 1. With ``same`` padding height ceil(H/S).
        The lecture requires the division to be exact; Caffe, PyTorch and TensorFlow's VALID
        round down, cuda-convnet rounds up.

    Parameters
        weights F*F*(C/groups)*filters, bias filters; with a connection table F*F for each pair of a
        filter and a channel that it sees.

    Cost
        F*F*(C/groups) multiply-accumulates per output value; keeps its input for backward.

    Problems
        ND301 does not fit evenly, ND302 larger than its input, ND303 groups do not divide, ND307 table
        and groups together, ND312 a table that does not fit, ND317 not as deep as its input.

    Example
        [227x227x3] INPUT
        [55x55x96] CONV1: 96 11x11 filters at stride 4, pad 0

    Reference
        LeCun, Bottou, Bengio, Haffner, 1998, "Gradient-Based Learning Applied to Document
        Recognition", section II.A; groups: Krizhevsky, Sutskever, Hinton, 2012, "ImageNet
        Classification with Deep Convolutional Neural Networks", section 3.2.
    """

    keyword = "CONV"
    spellings = ("CONVOLUTION", "CONVOLUTIONAL", "CONV2D")
    implied_by = ("filters", "filter", "kernels")
    fillers = ("filters", "filter", "kernels", "kernel")
    linear = True
    has_weights = True

    filters = count(
        "how many filters, which is the number of output channels", positional=True, letters=("K", "n")
    )
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
    groups = count(
        "groups of channels that are convolved separately",
        default=1,
        words=("groups", "group"),
        letters=("g",),
    )
    table = table("which channels each filter sees", tables=TABLES)
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
                    spares_volume=True,
                )
            )
        if self.filters % self.groups:
            found.append(
                Mistake(
                    "ND303",
                    f"{self.groups} groups do not divide the {self.filters} filters",
                    option="groups",
                    label=f"{self.filters}/{self.groups} is not whole",
                    spares_volume=True,
                )
            )
        found += self._table_problems(x)
        return tuple(found) or depth_problems(x, self.kernel, self.depth, self.groups)

    def _table_problems(self, x: Volume) -> tuple[Mistake, ...]:
        if self.table is None:
            return ()
        if self.groups > 1:
            help = ("leave out one of the two",)
            return (Mistake("ND307", "a table and groups exclude each other", option="table", help=help),)
        if len(self.table) != self.filters:
            return (
                Mistake(
                    "ND312",
                    f"the table has {len(self.table)} rows for {self.filters} filters",
                    option="table",
                    label="one row per filter",
                    spares_volume=True,
                ),
            )
        beyond = self._table_facts[1]
        if beyond >= x.channels:
            return (
                Mistake(
                    "ND312",
                    f"the table names channel {beyond}, the input has {x.channels}",
                    option="table",
                    label=f"channels run from 0 to {x.channels - 1}",
                    spares_volume=True,
                ),
            )
        return ()

    def moving(self, x: Volume) -> Sliding:
        """How the filter slides over an input."""
        return sliding(x, self.kernel, self.stride, self.padding, self.dialect.convolution, self.dilation)

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        outcome = slide(inputs[0], self.moving(inputs[0]), "filter")
        return outcome if isinstance(outcome, Mistake) else Volume(*outcome, self.filters)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        derived = derivation(inputs[0], self.moving(inputs[0]))
        return (*derived, filters_give(self.filters))

    def _seen(self, depth: int) -> int:
        """Pairs of a filter and a channel that it sees, for filters of a depth."""
        return depth * self.filters if self.table is None else self._table_facts[0]

    @cached_property
    def _table_facts(self) -> tuple[int, int]:
        """Of the table: how many connections it has, and the last channel that one of them sees."""
        assert self.table is not None
        return sum(map(len, self.table)), max(max(row) for row in self.table)

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        depth = inputs[0].channels // self.groups
        area = self.kernel.height * self.kernel.width
        absent = area * (depth * self.filters - self._seen(depth))
        weights = Parameter(
            "weights",
            (self.kernel.height, self.kernel.width, depth, self.filters),
            fan_in=area * max(1, self._seen(depth) // self.filters),
            fan_out=area * self.filters // self.groups,
            absent=absent,
        )
        return (weights, Parameter("bias", (self.filters,))) if self.bias else (weights,)

    def macs(self, *inputs: Volume) -> int:
        (x,) = inputs
        out = slide(x, self.moving(x), "filter")
        assert not isinstance(out, Mistake)
        area = self.kernel.height * self.kernel.width
        return area * out.height * out.width * self._seen(x.channels // self.groups)

    def window(self, *inputs: Volume) -> Window:
        moving = self.moving(inputs[0])
        return Window(moving.kernel, moving.stride, moving.padding, self.dilation)

    def reads(self, *inputs: Volume) -> Reads:
        covers = window_reading(self.window(*inputs))
        if self.table is not None:
            everything = len(set().union(*self.table)) == inputs[0].channels
            return Reads((covers,), Channels.SOME if everything else Channels.SELECTED)
        return Reads((covers,), Channels.ALL if self.groups == 1 else Channels.SOME)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        volume = Volume(x.shape[0], x.shape[1], x.shape[2])
        moving = self.moving(volume)
        output = slide(volume, moving, "filter")
        assert not isinstance(output, Mistake)
        y = build.convolve(
            x,
            self._connected(build, volume.channels),
            output,
            stride=self.stride,
            padding=moving.padding,
            groups=self.groups,
            dilation=self.dilation,
        )
        return build.add_per_channel(y, build.parameter("bias")) if self.bias else y

    def _connected(self, build: Builder, channels: int) -> Tensor:
        """The weights, those that the table leaves out as 0."""
        weights = build.parameter("weights")
        if self.table is None:
            return weights
        area = self.kernel.height * self.kernel.width
        table = self.table

        def connections() -> list[float]:
            return [float(channel in row) for channel in range(channels) for row in table] * area

        mask = build.constant("connections", weights.shape, connections)
        return build.elementwise_like(weights, operand(0) * operand(1), weights, mask, name="connected")
