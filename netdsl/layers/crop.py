"""CROP: the middle of a volume, or another part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.moving_values import MovingValues
from netdsl.layers.option import index, size
from netdsl.layers.taps import Reads, Taps, reading
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Crop(MovingValues):
    """Cuts a part out of every channel.

    Computes
        y[i, j, c] = x[i + top, j + left, c]; top and left put the part in the middle where they
        are left out, the odd row and column below and to the right.

    Volume
        the given height and width, channels unchanged.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps nothing for backward.

    Problems
        ND302 larger than its input.

    Example
        input 64x64x512
        CROP: 56x56

    Reference
        Ronneberger, Fischer, Brox, 2015, "U-Net: Convolutional Networks for Biomedical Image
        Segmentation", figure 1: copy and crop.
    """

    keyword = "CROP"
    linear = True

    extent = size("height and width of the part", words=("size", "to"), positional=True)
    top = index("rows above the part; centred by default", derived=True)
    left = index("columns left of the part; centred by default", derived=True)

    def corner(self, x: Volume) -> tuple[int, int]:
        top: int | None = self.__dict__["top"]
        left: int | None = self.__dict__["left"]
        return (
            (x.height - self.extent.height) // 2 if top is None else top,
            (x.width - self.extent.width) // 2 if left is None else left,
        )

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        return ()

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        (x,) = inputs
        top, left = self.corner(x)
        if top < 0 or left < 0 or top + self.extent.height > x.height or left + self.extent.width > x.width:
            return Mistake(
                "ND302",
                f"a part of {self.extent} from row {max(top, 0)}, column {max(left, 0)} "
                f"is not inside the input of {x.size}",
                option="extent",
                label=f"larger than {x.size}",
                help=("PAD makes a volume larger",),
            )
        return Volume(*self.extent, x.channels)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        (x,) = inputs
        top, left = self.corner(x)
        return (f"{self.extent} of {x.size}, from row {top} and column {left}",)

    def reads(self, *inputs: Volume) -> Reads:
        top, left = self.corner(inputs[0])
        return Reads((reading(Taps(top, top), Taps(left, left)),))

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        top, left = self.corner(Volume(x.shape[0], x.shape[1], x.shape[2]))
        return build.crop(x, (*self.extent, x.shape[2]), row=top, column=left)
