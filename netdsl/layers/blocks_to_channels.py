"""What layers share that turn blocks of positions into channels, each in its own order."""

from __future__ import annotations

from netdsl.diagnostics import Mistake
from netdsl.layers.moving_values import MovingValues, block_option
from netdsl.layers.taps import Channels, Reads, reading, sliding_taps
from netdsl.quantities import Volume


class BlocksToChannels(MovingValues, abstract=True):
    """Base of layers that make B times fewer rows and columns, and B*B times as many channels."""

    stride = block_option()

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        (x,) = inputs
        rows, columns = self.stride
        if x.height % rows or x.width % columns:
            return (
                Mistake(
                    "ND320",
                    f"blocks of {self.stride} do not divide {x.size} evenly",
                    option="stride",
                    label=", ".join(
                        f"{extent}/{side} is not whole"
                        for extent, side in ((x.height, rows), (x.width, columns))
                        if extent % side
                    ),
                    help=("CROP or PAD makes the volume a multiple of the block",),
                ),
            )
        return ()

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        (x,) = inputs
        rows, columns = self.stride
        return Volume(x.height // rows, x.width // columns, x.channels * rows * columns)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        (x,) = inputs
        rows, columns = self.stride
        return (
            f"height {x.height}/{rows} = {x.height // rows}",
            f"width {x.width}/{columns} = {x.width // columns}",
            f"channels {x.channels}*{rows}*{columns} = {x.channels * rows * columns}",
        )

    def reads(self, *inputs: Volume) -> Reads:
        rows, columns = self.stride
        taps = sliding_taps(rows, rows, 0), sliding_taps(columns, columns, 0)
        # Each channel has one place of the block.
        return Reads((reading(*taps),), Channels.STACKED)
