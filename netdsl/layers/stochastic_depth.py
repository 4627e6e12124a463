"""STOCHASTIC DEPTH: branches are dropped at random in training, image by image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.dropping import Dropping
from netdsl.layers.option import real

if TYPE_CHECKING:
    from netdsl.primitives.tensor import Tensor


class StochasticDepth(Dropping):
    """Stochastic depth: in training all numbers of an image are set to 0 with probability ``rate``.

    Computes
        in training y = x*m/(1 - rate), with one m for each image, 0 with probability rate, else 1;
        afterwards y = x. At the end of a residual branch it leaves the branch out: torchvision's
        StochasticDepth in mode `row`, timm's DropPath. The paper scales at test time instead, with the same
        expectation, and lets the rate grow linearly with the depth: write a rate for each block.

    Volume
        unchanged.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps one number per image, the mask, for backward.

    Problems
        ND306 the rate must be below 1.

    Example
        input 28x28x6
        ADD[ CONV 6 3x3 pad 1 - STOCHASTIC DEPTH 0.1 | SKIP ]

    Reference
        Huang, Sun, Liu, Sedra, Weinberger, 2016, "Deep Networks with Stochastic Depth", equation 2.
    """

    keyword = "STOCHASTIC DEPTH"
    spellings = ("STOCHASTICDEPTH", "DROP PATH", "DROPPATH")
    linear = True
    is_dropout = True
    leaves = "rate of {rate} leaves the branch out always"
    usual = "0.1 to 0.5 is usual for the last block"

    rate = real(
        "probability of leaving an image's numbers out",
        minimum=0.0,
        positional=True,
        words=("rate", "p"),
        example="0.1",
    )

    def mask_shape(self, x: Tensor) -> tuple[int, int, int]:
        return (1, 1, 1)
