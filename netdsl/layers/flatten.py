"""FLATTEN: a volume becomes one row of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import Layer, Parameter, Window
from netdsl.layers.taps import Reads, reading_all
from netdsl.quantities import Padding, Size, Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Flatten(Layer):
    """Flattens a volume to one row, in the order height, width, channels.

    Computes
        y[(i*W + j)*C + c] = x[i, j, c]. FC does this by itself; FLATTEN only makes it visible.

    Volume
        H*W*C, written as a plain count.

    Parameters
        none.

    Cost
        keeps nothing for backward: the values stay in place in memory.

    Problems
        none.

    Example
        input 5x5x16
        FLATTEN

    Reference
        Li, Karpathy, Johnson, 2016, CS231n, "Linear Classification": the image stretched to a
        column of 3072 numbers.
    """

    keyword = "FLATTEN"
    spellings = ("STRETCH",)
    keeps_order = True
    linear = True

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        return ()

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        return Volume(1, 1, inputs[0].values, vector=True)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        (x,) = inputs
        return (f"{x.height}*{x.width}*{x.channels} = {x.values}",)

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return ()

    def macs(self, *inputs: Volume) -> int:
        return 0

    def window(self, *inputs: Volume) -> Window:
        (x,) = inputs
        return Window(x.size, Size(1, 1), Padding(0, 0, 0, 0))

    def reads(self, *inputs: Volume) -> Reads:
        return Reads((reading_all(inputs[0]),))

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        return build.flatten(inputs[0])
