"""UPSAMPLE: every number is repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.moving_values import MovingValues
from netdsl.layers.option import size
from netdsl.layers.reading import Reads, reading, spreading_taps
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Upsample(MovingValues):
    """Nearest-neighbour upsampling: each number becomes a block of equal numbers.

    Computes
        y[i, j, c] = x[i // S, j // S, c].

    Volume
        H*S x W*S x C for a factor S, which may differ for height and width.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps nothing for backward.

    Problems
        none.

    Example
        input 14x14x6
        UPSAMPLE: 2x2

    Reference
        Odena, Dumoulin, Olah, 2016, "Deconvolution and Checkerboard Artifacts", Distill.
    """

    keyword = "UPSAMPLE"
    spellings = ("UPSAMPLING",)
    linear = True

    factor = size("how often a number is repeated down and across", words=("factor", "by"), positional=True)

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        return ()

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        (x,) = inputs
        return Volume(x.height * self.factor.height, x.width * self.factor.width, x.channels)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        (x,) = inputs
        down = f"{x.height}*{self.factor.height} = {x.height * self.factor.height}"
        across = f"{x.width}*{self.factor.width} = {x.width * self.factor.width}"
        return (f"height {down}", f"width {across}")

    def reads(self, *inputs: Volume) -> Reads:
        down, across = self.factor
        return Reads((reading(spreading_taps(down, down, 0), spreading_taps(across, across, 0)),))

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        return build.enlarge(inputs[0], self.factor)
