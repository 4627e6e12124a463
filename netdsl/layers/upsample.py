"""UPSAMPLE: a volume gets more rows and columns."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.moving_values import MovingValues
from netdsl.layers.option import size, word
from netdsl.layers.taps import Reads, Taps, reading
from netdsl.primitives.interpolation import MOST_POSITIONS, Filling, Stretch
from netdsl.quantities import Size, Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Upsample(MovingValues):
    """Upsampling by a factor or to a size: numbers are repeated, or filled in between.

    Computes
        nearest: y[i, j, c] = x[i // S, j // S, c] for a factor S, x[i*H // H', j*W // W', c] from H x W to
        H' x W'. `bilinear`: the weighted mean of the four around (i + 1/2)*H/H' - 1/2, which is PyTorch's
        `align_corners=False`; with `align corners` around i*(H - 1)/(H' - 1), so that the outermost pixels
        meet. Without `align` the dialect decides: corners in Caffe (DeepLab's Interp), centers elsewhere.

    Volume
        H*S x W*S x C for a factor S, which may differ for height and width, or the size after `to`.

    Parameters
        none.

    Cost
        no multiply-accumulates of weights; keeps nothing for backward.

    Problems
        ND321 a factor and a size together, or `align` without `bilinear`.

    Example
        input 14x14x6
        UPSAMPLE: 2x2

    Reference
        Odena, Dumoulin, Olah, 2016, "Deconvolution and Checkerboard Artifacts", Distill; bilinear: Long,
        Shelhamer, Darrell, 2015, "Fully Convolutional Networks for Semantic Segmentation", section 3.3.
    """

    keyword = "UPSAMPLE"
    spellings = ("UPSAMPLING",)
    linear = True

    factor = size(
        "how often a number is repeated down and across",
        words=("factor", "by"),
        positional=True,
        unless="extent",
        example="2x2",
    )
    extent = size("height and width of what comes out", words=("to", "size"), derived=True)
    mode = word("what fills the new positions", ("nearest", "bilinear"), default="nearest", bare=True)
    align = word(
        "what coincides in the old and the new image: the centres of the corner pixels, or the "
        "outer edges; set by the dialect by default",
        ("corners", "centers"),
        derived=True,
    )

    @property
    def corners(self) -> bool:
        """Whether the outermost pixels meet, not their outer edges."""
        align: str | None = self.__dict__["align"]
        return self.dialect.corners_align if align is None else align == "corners"

    @property
    def repeats(self) -> bool:
        """Whether each number becomes a block of equal ones."""
        return self.mode == "nearest" and self.__dict__["factor"] is not None

    def stretches(self, x: Volume) -> tuple[Stretch, Stretch]:
        """How height and width become larger."""
        output = self._output(x)
        if self.mode == "nearest":
            centers = self.dialect.nearest_centers and not self.repeats
            filling = Filling.NEAREST_CENTERS if centers else Filling.NEAREST
        else:
            filling = Filling.CORNERS if self.corners else Filling.CENTERS
        return Stretch(x.height, output.height, filling), Stretch(x.width, output.width, filling)

    def _output(self, x: Volume) -> Size:
        extent: Size | None = self.__dict__["extent"]
        if extent is not None:
            return extent
        return Size(x.height * self.factor.height, x.width * self.factor.width)

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        found = []
        if self.__dict__["factor"] is not None and self.__dict__["extent"] is not None:
            help = ("leave out one of the two",)
            found.append(Mistake("ND321", "a factor and a size exclude each other", "extent", help=help))
        elif not self.repeats and max(*inputs[0].size, *self._output(inputs[0])) >= MOST_POSITIONS:
            message = f"what is filled in has fewer than {MOST_POSITIONS:,} rows and columns"
            found.append(Mistake("ND321", message))
        if self.__dict__["align"] is not None and self.mode == "nearest":
            found.append(
                Mistake(
                    "ND321",
                    "`align` places pixels for interpolation, but nothing is interpolated here",
                    option="align",
                    help=("write `bilinear`, or leave `align` out",),
                    spares_volume=True,
                )
            )
        return tuple(found)

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        return Volume(*self._output(inputs[0]), inputs[0].channels)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        (x,) = inputs
        if self.__dict__["extent"] is not None:
            return (f"{x.size} becomes {self.extent}",)
        down = f"{x.height}*{self.factor.height} = {x.height * self.factor.height}"
        across = f"{x.width}*{self.factor.width} = {x.width * self.factor.width}"
        return (f"height {down}", f"width {across}")

    def reads(self, *inputs: Volume) -> Reads:
        down, across = map(_taps_of, self.stretches(inputs[0]))
        return Reads((reading(down, across),))

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if self.repeats:
            return build.enlarge(x, self.factor)
        down, across = self.stretches(Volume(x.shape[0], x.shape[1], x.shape[2]))
        return build.interpolate(build.interpolate(x, 1, across), 0, down)


def _taps_of(stretch: Stretch) -> Taps:
    """The position that an output is filled from, or the two that it lies between."""
    stride, first, parts = stretch.source()
    common = gcd(stride, first, parts)
    stride, first, parts = stride // common, first // common, parts // common
    nearest = stretch.filling in (Filling.NEAREST, Filling.NEAREST_CENTERS)
    return Taps(first, first if nearest else first + parts - 1, stride, parts)
