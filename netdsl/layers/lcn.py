"""LCN: local contrast normalisation."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import SameVolume, Window
from netdsl.layers.option import count
from netdsl.layers.taps import Channels, Reads, reading, reading_all, sliding_taps
from netdsl.primitives.expression import maximum, operand, square_root
from netdsl.quantities import Padding, Size, Volume, counted

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor

TINY = 1e-8
"""Added under the square root, where a flat patch would make its slope infinite."""

MOST_WEIGHTS = 1 << 22
"""Numbers of a Gaussian, one for each place of the window and channel: they are written out beforehand."""


class LocalContrastNorm(SameVolume):
    """Local contrast normalisation: a value's neighbourhood loses its mean and its contrast.

    Computes
        v = x - (weighted mean of x over the window and all channels);
        s = sqrt(weighted mean of v^2 over the window and all channels);
        y = v / max(c, s), with c the mean of s over the image. The weights are a Gaussian of standard
        deviation size/4 that adds up to 1; outside the image x counts as 0.

    Volume
        unchanged.

    Parameters
        none.

    Cost
        no multiply-accumulates of weights; keeps x, v and s for backward.

    Problems
        ND305 the size must be odd, so that the window has a middle, and the window of a size that can be
        written out.

    Example
        input 28x28x6
        LCN: size 9

    Reference
        Jarrett, Kavukcuoglu, Ranzato, LeCun, 2009, "What is the Best Multi-Stage Architecture for Object
        Recognition?", section 3.1, N.
    """

    keyword = "LCN"
    spellings = ("LOCAL CONTRAST NORM", "CONTRAST NORM")
    linear = False

    size = count("height and width of the neighbourhood", default=9)

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        if self.size % 2 == 0:
            return (
                Mistake(
                    "ND305",
                    f"a window of {self.size}x{self.size} has no centre",
                    option="size",
                    label="must be odd",
                    help=(f"use size {self.size + 1}",),
                ),
            )
        weights = self.normalised_values(*inputs)
        if weights > MOST_WEIGHTS:
            return (
                Mistake(
                    "ND305",
                    f"a window of {self.size}x{self.size} over {counted(inputs[0].channels, 'channel')} has "
                    f"{weights:,} weights",
                    option="size",
                    label=f"{MOST_WEIGHTS:,} are the most",
                    help=("use a smaller size, such as 9",),
                ),
            )
        return ()

    def window(self, *inputs: Volume) -> Window:
        half = self.size // 2
        return Window(Size(self.size, self.size), Size(1, 1), Padding(half, half, half, half))

    def reads(self, *inputs: Volume) -> Reads:
        # The contrast is that of numbers that lost their mean, each by its own window; and its
        # mean over the image is the least that is divided by.
        reach = 2 * (self.size // 2)
        near = sliding_taps(2 * reach + 1, 1, reach)
        everywhere = reading_all(inputs[0], margin=reach)
        return Reads((reading(near, near), everywhere), Channels.ALL)

    def gaussian(self, channels: int) -> list[float]:
        """The Gaussian for every channel, adding up to 1: (size, size, channels, 1)."""
        half, deviation = self.size // 2, self.size / 4
        line = [exp(-((offset - half) ** 2) / (2 * deviation**2)) for offset in range(self.size)]
        total = sum(line) ** 2 * channels
        return [row * column / total for row in line for column in line for _ in range(channels)]

    def normalised_values(self, *inputs: Volume) -> int:
        return self.size * self.size * inputs[0].channels

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        height, width, channels = x.shape
        half = self.size // 2
        shape = (self.size, self.size, channels, 1)
        weights = build.constant("gaussian", shape, lambda: self.gaussian(channels))
        a, b = operand(0), operand(1)

        def smoothed(value: Tensor) -> Tensor:
            around = Padding(half, half, half, half)
            return build.convolve(value, weights, Size(height, width), stride=Size(1, 1), padding=around)

        centred = build.elementwise(a - b, x, smoothed(x), name="centred")
        squares = build.elementwise(a * a, centred, name="squares")
        contrast = build.elementwise(square_root(a + TINY), smoothed(squares), name="contrast")
        mean = build.reduce(a * (1 / (height * width)), contrast, keep="batch", name="mean_contrast")
        floor = build.elementwise(maximum(a, b), contrast, mean, name="floor")
        return build.elementwise(a / b, centred, floor, name="normalised")
