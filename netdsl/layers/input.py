"""INPUT: the volume that the network is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import POINT, Layer, Parameter, Window
from netdsl.layers.option import count
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Input(Layer):
    """Names the volume that the network is given: an image, or a row of numbers.

    Computes
        y = x.

    Volume
        as written: HEIGHTxWIDTHxCHANNELS, or a plain count of values.

    Parameters
        none.

    Cost
        no multiply-accumulates; the first layer with weights keeps it for backward.

    Problems
        none.

    Example
        input 32x32x1
        FC: 10 neurons

    Reference
        the lecture's order of extents: Li, Karpathy, Johnson, 2016, CS231n, "Convolutional Neural
        Networks".
    """

    keyword = "INPUT"
    linear = True
    inputs = 0

    height = count("rows of the image", default=1)
    width = count("columns of the image", default=1)
    channels = count("numbers at each position: 1 for grey, 3 for colour")

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        return ()

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        return Volume(self.height, self.width, self.channels, vector=self.height == self.width == 1)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        return ("the volume is given",)

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return ()

    def macs(self, *inputs: Volume) -> int:
        return 0

    def window(self, *inputs: Volume) -> Window:
        return POINT

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        return build.input("x", (self.height, self.width, self.channels))
