"""REORG: blocks of positions become channels, in the order of Darknet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.blocks_to_channels import BlocksToChannels
from netdsl.layers.taps import Channels, Reads, reading_all
from netdsl.quantities import Volume, counted

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Reorg(BlocksToChannels):
    """Space to depth as Darknet computes it, which mixes rows: the passthrough layer of YOLOv2.

    Computes
        the numbers of x in the order channels, height, width, read as C/(B*B) channels of H*B x W*B; of
        these, all channels of the first place of a block, then of the next; what comes out is read as
        C*B*B channels of H/B x W/B. Weights that Darknet trained need this order; SPACE TO DEPTH
        is what the paper describes, and what Darknet's `reorg3d` computes.

    Volume
        H/B x W/B x C*B*B for blocks of B, which may differ for height and width.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps nothing for backward.

    Problems
        ND320 blocks that do not fit evenly, or channels that are not a multiple of a block's positions.

    Example
        input 26x26x64
        REORG: 2x2

    Reference
        Redmon, Farhadi, 2016, "YOLO9000: Better, Faster, Stronger", section 2; Redmon, 2016, Darknet,
        function `reorg_cpu`.
    """

    keyword = "REORG"
    linear = True

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        (x,) = inputs
        positions = self.stride.height * self.stride.width
        found = super().problems(x)
        if not found and x.channels % positions:
            message = (
                f"Darknet's order cuts channels into {positions} parts, and {x.channels} do not come out even"
            )
            found = (
                Mistake(
                    "ND320",
                    message,
                    option="stride",
                    label=f"{x.channels}/{positions} is not whole",
                    help=(f"SPACE TO DEPTH {self.stride} takes {counted(x.channels, 'channel')}",),
                ),
            )
        return found

    def reads(self, *inputs: Volume) -> Reads:
        (x,) = inputs
        if self.stride == (1, 1):
            return super().reads(x)
        # Blocks are cut out of rows of several channels, one after the other.
        return Reads((reading_all(x),), Channels.MIXED)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        height, width, channels = x.shape
        rows, columns = self.stride
        parts = channels // (rows * columns)
        planes = build.transpose(x, (height * width, channels), (1, 0), (channels, height, width))
        cut = (parts, height, rows, width, columns)
        whole = (channels * rows * columns, height // rows, width // columns)
        moved = build.transpose(planes, cut, (2, 4, 0, 1, 3), whole)
        area = (height // rows) * (width // columns)
        back = (height // rows, width // columns, whole[0])
        return build.transpose(moved, (whole[0], area), (1, 0), back)
