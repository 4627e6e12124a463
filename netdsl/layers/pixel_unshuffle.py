"""PIXEL UNSHUFFLE: blocks of positions become channels, channel by channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.blocks_to_channels import BlocksToChannels

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class PixelUnshuffle(BlocksToChannels):
    """Space to depth in PyTorch's order: all places of the first channel, then of the next.

    Computes
        y[i, j, c*B*B + a*B + b] = x[i*B + a, j*B + b, c], as PyTorch's PixelUnshuffle. SPACE TO DEPTH and
        REORG give the same numbers in other orders of the channels.

    Volume
        H/B x W/B x C*B*B for blocks of B, which may differ for height and width.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps nothing for backward.

    Problems
        ND320 blocks that do not fit evenly.

    Example
        input 26x26x64
        PIXEL UNSHUFFLE: 2x2

    Reference
        Shi, Caballero, Huszar and others, 2016, "Real-Time Single Image and Video Super-Resolution Using
        an Efficient Sub-Pixel Convolutional Neural Network", equation 4, backwards.
    """

    keyword = "PIXEL UNSHUFFLE"
    spellings = ("PIXELUNSHUFFLE",)
    linear = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        height, width, channels = x.shape
        rows, columns = self.stride
        extents = (height // rows, rows, width // columns, columns, channels)
        shape = (height // rows, width // columns, channels * rows * columns)
        return build.transpose(x, extents, (0, 2, 4, 1, 3), shape)
