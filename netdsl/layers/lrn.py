"""NORM: local response normalisation, across channels or within each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import SameVolume, Window, window_reading
from netdsl.layers.option import count, real, word
from netdsl.layers.taps import Channels, Reads
from netdsl.primitives.expression import operand, power
from netdsl.primitives.window import Counts
from netdsl.quantities import Padding, Size, Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class LocalResponseNorm(SameVolume):
    """Local response normalisation: a value is divided by a sum of squares of its neighbours.

    Computes
        y[i, j, c] = x[i, j, c] / (k + alpha * sum over the ``size`` channels around c of
        x[i, j, c']^2)^beta, with k = 2, size = 5, alpha = 1e-4, beta = 0.75 as in the paper.
        Caffe, PyTorch and ONNX divide alpha by the size: their alpha is ``size`` times this one.
        `within channel` sums over the size x size positions around a value in its own channel, positions
        beyond the image counting 0: Caffe's WITHIN_CHANNEL, which divides alpha by size*size.

    Volume
        unchanged.

    Parameters
        none.

    Cost
        no multiply-accumulates of weights; keeps its input and the sums for backward.

    Problems
        ND305 the size must be odd, so that the window has a middle.

    Example
        input 27x27x96
        NORM: size 5, alpha 1e-4, beta 0.75

    Reference
        Krizhevsky, Sutskever, Hinton, 2012, "ImageNet Classification with Deep Convolutional
        Neural Networks", section 3.3; within a channel: Krizhevsky, 2012, cuda-convnet, the layer `rnorm`.
    """

    keyword = "NORM"
    spellings = (
        "LRN",
        "LOCAL RESPONSE NORM",
        "LOCAL RESPONSE NORMALIZATION",
        "NORMALIZATION",
        "NORMALISATION",
    )
    fillers = ("normalization", "normalisation", "local", "response", "channel", "channels")
    linear = False

    size = count(
        "how many neighbouring channels count, the value's own included; within a channel, rows and columns",
        default=5,
        words=("size", "n"),
    )
    alpha = real("weight of the squares; set by the dialect by default", derived=True, minimum=0.0)
    beta = real("power of the sum", default=0.75, minimum=0.0)
    region = word("whose squares count", ("across", "within"), default="across", bare=True)
    k = real("what is added to the sum; set by the dialect by default", derived=True)

    @property
    def added(self) -> float:
        """k, or the dialect's."""
        k: float | None = self.__dict__["k"]
        return self.dialect.lrn_k if k is None else k

    @property
    def weight(self) -> float:
        """What one square is multiplied by: alpha, divided by how many there are where the dialect does."""
        alpha: float | None = self.__dict__["alpha"]
        alpha = self.dialect.lrn_alpha if alpha is None else alpha
        squares = self.size**2 if self.within else self.size
        return alpha / squares if self.dialect.alpha_is_divided else alpha

    @property
    def within(self) -> bool:
        """Whether neighbours are positions of the same channel."""
        return self.region == "within"

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        found = []
        if self.size % 2 == 0:
            found.append(
                Mistake(
                    "ND305",
                    f"a window of {self.size}x{self.size} has no centre"
                    if self.within
                    else f"a window of {self.size} channels has no centre",
                    option="size",
                    label="must be odd",
                    help=(f"use size {self.size + 1}; frameworks disagree on even sizes",),
                )
            )
        if self.added <= 0:
            found.append(
                Mistake(
                    "ND305",
                    f"k = {self.added:g} lets the sum reach 0, where its power has no value",
                    option="k",
                    label="must be above 0",
                    help=("the paper has k = 2, Caffe 1",),
                )
            )
        return tuple(found)

    def window(self, *inputs: Volume) -> Window:
        half = self.size // 2
        around = Window(Size(self.size, self.size), Size(1, 1), Padding(half, half, half, half))
        return around if self.within else super().window(*inputs)

    def reads(self, *inputs: Volume) -> Reads:
        return Reads((window_reading(self.window(*inputs)),), Channels.SOME)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        squares = build.elementwise(operand(0) * operand(0), x, name="squares")
        if self.within:
            kernel, stride, padding, _ = self.window()
            height, width, channels = x.shape
            sums = build.window_average(
                squares,
                Volume(height, width, channels),
                kernel=kernel,
                stride=stride,
                padding=padding,
                counts=Counts.ONE,
            )
        else:
            reach = min(self.size // 2, x.shape[2] - 1)  # there are no channels beyond
            sums = build.channel_window(squares, before=reach, after=reach)
        damping = power(self.added + self.weight * operand(1), -self.beta)
        return build.elementwise(operand(0) * damping, x, sums, name="normalised")
