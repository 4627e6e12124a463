"""SPACE TO DEPTH: blocks of positions become channels, place by place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.blocks_to_channels import BlocksToChannels

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class SpaceToDepth(BlocksToChannels):
    """Space to depth in TensorFlow's order: all channels of the first place of a block, then of the next.

    Computes
        y[i, j, (a*B + b)*C + c] = x[i*B + a, j*B + b, c]. PIXEL UNSHUFFLE and REORG give the same
        numbers in other orders of the channels.

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
        SPACE TO DEPTH: 2x2

    Reference
        TensorFlow, 2016, `tf.nn.space_to_depth`; Redmon, Farhadi, 2016, "YOLO9000: Better, Faster,
        Stronger", section 2: the passthrough layer.
    """

    keyword = "SPACE TO DEPTH"
    spellings = ("SPACETODEPTH", "REORG3D")
    linear = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        height, width, channels = x.shape
        rows, columns = self.stride
        extents = (height // rows, rows, width // columns, columns, channels)
        shape = (height // rows, width // columns, channels * rows * columns)
        return build.transpose(x, extents, (0, 2, 1, 3, 4), shape)
