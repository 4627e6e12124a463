"""AVG POOL: the average of the values under a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.pooling import Pooling
from netdsl.primitives.window import Counts
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class AvgPool(Pooling):
    """Average pooling: each output is the mean of what its window covers, channel by channel.

    Computes
        y[i, j, c] = (sum over a, b of x[i*S + a - P, j*S + b - P, c]) / n. n is F*F in the lecture;
        Caffe and PyTorch count the part of the window inside the padded image, TensorFlow and
        Darknet the part inside the image.

    Volume
        height (H - F + 2P)/S + 1, width likewise, channels unchanged. The lecture requires the
        division to be exact.

    Parameters
        none.

    Cost
        no multiply-accumulates of weights; keeps nothing for backward.

    Problems
        ND301 does not fit evenly, ND302 larger than its input, ND304 a window sees nothing.

    Example
        input 28x28x6
        AVG POOL: 2x2 at stride 2

    Reference
        LeCun, Boser, Denker, Henderson, Howard, Hubbard, Jackel, 1990, "Handwritten Digit
        Recognition with a Back-Propagation Network", section 3: averaging and subsampling.
    """

    keyword = "AVG POOL"
    spellings = ("AVGPOOL", "AVERAGE POOL", "AVERAGE POOLING", "AVG POOLING", "MEAN POOL", "AVERAGING")
    short_for = ("GAP", "global")
    alone = ("2x2 stride 2", "global")
    fillers = ("filters", "filter", "kernels", "windows", "window", "pooling", "avg", "average")
    linear = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        volume = Volume(x.shape[0], x.shape[1], x.shape[2])
        moving = self.moving(volume)
        return build.window_average(
            x,
            self.output(volume),
            kernel=moving.kernel,
            stride=moving.stride,
            padding=moving.padding,
            counts=Counts[self.dialect.average_counts],
        )
