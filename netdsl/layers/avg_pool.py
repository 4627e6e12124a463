"""AVG POOL: the average of the values under a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.pooling import Pooling
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class AvgPool(Pooling):
    """Average pooling: each output is the mean of what its window covers, channel by channel.

    Computes
        y[i, j, c] = (sum over a, b of x[i*S + a - P, j*S + b - P, c]) / (F*F); padding counts as
        zeros, as in PyTorch's default (TensorFlow's SAME leaves padding out of the mean).

    Volume
        height (H - F + 2P)/S + 1, width likewise, channels unchanged. The lecture requires the
        division to come out even.

    Parameters
        none.

    Cost
        no multiply-accumulates of weights; keeps nothing for backward.

    Problems
        ND301 does not fit evenly, ND302 larger than its input, ND304 padding too wide.

    Example
        input 28x28x6
        AVG POOL: 2x2 at stride 2

    Reference
        LeCun, Boser, Denker, Henderson, Howard, Hubbard, Jackel, 1990, "Handwritten Digit
        Recognition with a Back-Propagation Network", section 3: averaging and subsampling.
    """

    keyword = "AVG POOL"
    spellings = ("AVGPOOL", "AVERAGE POOL", "AVERAGE POOLING", "AVG POOLING", "MEAN POOL")
    fillers = ("filters", "filter", "kernels", "windows", "window", "pooling", "avg", "average")

    def kept_values(self, *inputs: Volume) -> int:
        return 0

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        output = self.output(Volume(x.shape[0], x.shape[1], x.shape[2]))
        return build.window_average(x, output, kernel=self.kernel, stride=self.step, padding=self.padding)
