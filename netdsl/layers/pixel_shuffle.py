"""PIXEL SHUFFLE: channels become blocks of positions, channel by channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.channels_to_blocks import ChannelsToBlocks

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class PixelShuffle(ChannelsToBlocks):
    """Depth to space in PyTorch's order: the sub-pixel upsampling, undoes PIXEL UNSHUFFLE.

    Computes
        y[i*B + a, j*B + b, c] = x[i, j, c*B*B + a*B + b], as PyTorch's PixelShuffle.

    Volume
        H*B x W*B x C/(B*B) for blocks of B, which may differ for height and width.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps nothing for backward.

    Problems
        ND320 channels that do not fill blocks.

    Example
        input 14x14x12
        PIXEL SHUFFLE: 2x2

    Reference
        Shi, Caballero, Huszar and others, 2016, "Real-Time Single Image and Video Super-Resolution Using
        an Efficient Sub-Pixel Convolutional Neural Network", equation 4.
    """

    keyword = "PIXEL SHUFFLE"
    spellings = ("PIXELSHUFFLE", "SUBPIXEL", "SUB PIXEL")
    linear = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        height, width, channels = x.shape
        rows, columns = self.stride
        depth = channels // (rows * columns)
        extents = (height, width, depth, rows, columns)
        return build.transpose(x, extents, (0, 3, 1, 4, 2), (height * rows, width * columns, depth))
