"""What layers share that turn channels into blocks of positions, each in its own order."""

from __future__ import annotations

from netdsl.diagnostics import Mistake
from netdsl.layers.moving_values import MovingValues, block_option
from netdsl.layers.taps import Channels, Reads, reading, spreading_taps
from netdsl.quantities import Volume, counted


class ChannelsToBlocks(MovingValues, abstract=True):
    """Base of layers that make B times as many rows and columns, and B*B times fewer channels."""

    stride = block_option()

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        (x,) = inputs
        positions = self.stride.height * self.stride.width
        if x.channels % positions:
            return (
                Mistake(
                    "ND320",
                    f"{counted(x.channels, 'channel')} do not fill blocks of {self.stride}",
                    option="stride",
                    label=f"{x.channels}/{positions} is not whole",
                ),
            )
        return ()

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        (x,) = inputs
        rows, columns = self.stride
        return Volume(x.height * rows, x.width * columns, x.channels // (rows * columns))

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        (x,) = inputs
        rows, columns = self.stride
        return (
            f"height {x.height}*{rows} = {x.height * rows}",
            f"width {x.width}*{columns} = {x.width * columns}",
            f"channels {x.channels}/({rows}*{columns}) = {x.channels // (rows * columns)}",
        )

    def reads(self, *inputs: Volume) -> Reads:
        rows, columns = self.stride
        taps = spreading_taps(rows, rows, 0), spreading_taps(columns, columns, 0)
        # Each position has its own channels.
        return Reads((reading(*taps),), Channels.SELECTED)
