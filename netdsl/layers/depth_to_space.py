"""DEPTH TO SPACE: channels become blocks of positions, place by place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.channels_to_blocks import ChannelsToBlocks

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class DepthToSpace(ChannelsToBlocks):
    """Depth to space in TensorFlow's order: undoes SPACE TO DEPTH.

    Computes
        y[i*B + a, j*B + b, c] = x[i, j, (a*B + b)*C/(B*B) + c].

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
        DEPTH TO SPACE: 2x2

    Reference
        TensorFlow, 2016, `tf.nn.depth_to_space`.
    """

    keyword = "DEPTH TO SPACE"
    spellings = ("DEPTHTOSPACE",)
    linear = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        height, width, channels = x.shape
        rows, columns = self.stride
        depth = channels // (rows * columns)
        extents = (height, width, rows, columns, depth)
        return build.transpose(x, extents, (0, 2, 1, 3, 4), (height * rows, width * columns, depth))
