"""MAX POOL: the largest value under a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.pooling import Pooling
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class MaxPool(Pooling):
    """Max pooling: each output is the largest value that its window covers, channel by channel.

    Computes
        y[i, j, c] = max over a, b of x[i*S + a - P, j*S + b - P, c]; padding never wins.

    Volume
        height (H - F + 2P)/S + 1, width likewise, channels unchanged. The lecture requires the
        division to be exact; PyTorch rounds down, Caffe and cuda-convnet round up.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps one number per output, which value won, for backward.

    Problems
        ND301 does not fit evenly, ND302 larger than its input, ND304 a window sees nothing.

    Example
        input 28x28x6
        MAX POOL: 2x2 at stride 2

    Reference
        Ranzato, Huang, Boureau, LeCun, 2007, "Unsupervised Learning of Invariant Feature
        Hierarchies with Applications to Object Recognition", section 3.
    """

    keyword = "MAX POOL"
    spellings = ("POOL", "MAXPOOL", "MAX POOLING", "POOLING")
    short_for = ("GMP", "global")
    alone = ("2x2 stride 2",)
    fillers = ("filters", "filter", "kernels", "windows", "window", "pooling", "max")
    linear = False

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        volume = Volume(x.shape[0], x.shape[1], x.shape[2])
        moving = self.moving(volume)
        return build.window_maximum(
            x, self.output(volume), kernel=moving.kernel, stride=moving.stride, padding=moving.padding
        )
