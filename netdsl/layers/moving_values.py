"""What layers share that only move numbers: no weights, no arithmetic."""

from __future__ import annotations

from netdsl.layers.layer import POINT, Layer, Parameter, Window
from netdsl.quantities import Volume


class MovingValues(Layer, abstract=True):
    """Base of layers that put numbers elsewhere without changing them."""

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return ()

    def macs(self, *inputs: Volume) -> int:
        return 0

    def window(self, *inputs: Volume) -> Window:
        return POINT
