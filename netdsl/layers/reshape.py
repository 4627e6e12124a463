"""RESHAPE: the same numbers as another volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.moving_values import MovingValues
from netdsl.layers.option import count
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Reshape(MovingValues):
    """Gives a volume another height, width and number of channels; the values keep their order.

    Computes
        y = x, both read in the order height, width, channels.

    Volume
        as written; it must hold as many numbers as the input.

    Parameters
        none.

    Cost
        keeps nothing for backward: the values stay in place in memory.

    Problems
        ND309 another number of values than the input has.

    Example
        input 784
        RESHAPE: height 28 width 28 channels 1

    Reference
        Goodfellow, Bengio, Courville, 2016, "Deep Learning", section 9.2: images as grids of numbers.
    """

    keyword = "RESHAPE"
    keeps_order = True
    linear = True

    height = count("rows", positional=True)
    width = count("columns", positional=True)
    channels = count("numbers at each position", positional=True)

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        (x,) = inputs
        values = self.height * self.width * self.channels
        if values != x.values:
            return (
                Mistake(
                    "ND309",
                    f"{x} has {x.values} numbers, {self.height}x{self.width}x{self.channels} has {values}",
                    label=f"{self.height}*{self.width}*{self.channels} = {values}",
                ),
            )
        return ()

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        return Volume(self.height, self.width, self.channels)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        return (f"{self.height}*{self.width}*{self.channels} = {inputs[0].values}",)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        return build.reshape(inputs[0], (self.height, self.width, self.channels))
