"""What layers share that only move numbers: no weights, no arithmetic."""

from __future__ import annotations

from netdsl.layers.layer import POINT, Layer, Parameter, Window
from netdsl.layers.option import Option, size
from netdsl.quantities import Size, Volume


class MovingValues(Layer, abstract=True):
    """Base of layers that move values without changing them."""

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return ()

    def macs(self, *inputs: Volume) -> int:
        return 0

    def window(self, *inputs: Volume) -> Window:
        return POINT


def block_option() -> Option[Size]:
    """The block of positions that becomes channels, or that channels become."""
    return size(
        "height and width of a block",
        words=("block", "factor"),
        positional=True,
        example="2x2",
    )
