"""LN: each image's numbers are normalised to mean 0 and variance 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.group_norm import deviations_by_group, normalised, scale_and_shift
from netdsl.layers.layer import Parameter, SameVolume
from netdsl.layers.option import flag, real, word
from netdsl.layers.taps import Channels, Reads, reading_all, reading_here
from netdsl.primitives.expression import operand, square_root
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class LayerNorm(SameVolume):
    """Layer normalisation: mean and variance over all numbers of an image's volume, or of each position.

    Computes
        y = (x - mean)/sqrt(variance + epsilon) * scale[c] + shift[c]. Scale and shift are per channel
        (PyTorch's LayerNorm has one for every number; on a row of numbers both are the same). Mean and
        variance are those of the image, with `per position` those of the channels of each position: the
        LayerNorm of ConvNeXt, and of Keras.

    Volume
        unchanged.

    Parameters
        scale C, shift C; `no scale` and `no shift` leave out either.

    Cost
        no multiply-accumulates of weights; keeps its input for backward.

    Problems
        none.

    Example
        input 28x28x6
        LN

    Reference
        Ba, Kiros, Hinton, 2016, "Layer Normalization", equation 3; per position: Liu, Mao, Wu,
        Feichtenhofer, Darrell, Xie, 2022, "A ConvNet for the 2020s", section 2.6.
    """

    keyword = "LN"
    spellings = ("LAYER NORM", "LAYERNORM", "LAYER NORMALIZATION", "LAYER NORMALISATION")
    linear = False
    normalises = True

    per = word("whose numbers are normalised together", ("image", "position"), default="image")
    epsilon = real("what is added to the variance", default=1e-5, minimum=1e-12, words=("epsilon", "eps"))
    scale = flag("whether each channel is multiplied by a learned number", default=True)
    shift = flag("whether each channel adds a learned number", default=True)

    @property
    def everywhere(self) -> bool:
        """Whether all positions of an image are normalised together."""
        return self.per == "image"

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return scale_and_shift(inputs[0].channels, scale=self.scale, shift=self.shift)

    def reads(self, *inputs: Volume) -> Reads:
        around = (reading_all(inputs[0]),) if self.everywhere else ()
        return Reads((reading_here(), *around), Channels.ALL)

    def normalised_values(self, *inputs: Volume) -> int:
        return inputs[0].values if self.everywhere else inputs[0].channels

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if self.everywhere:
            mean, deviation = deviations_by_group(build, x, 1, self.epsilon)
        else:
            mean, deviation = self._deviations_by_position(build, x)
        return normalised(build, x, mean, deviation, scale=self.scale, shift=self.shift)

    def _deviations_by_position(self, build: Builder, x: Tensor) -> tuple[Tensor, Tensor]:
        """The mean of each position and the root of its variance + epsilon."""
        share = 1 / x.shape[2]
        a, b = operand(0), operand(1)
        mean = build.reduce(a * share, x, keep="batch space", name="mean")
        squares = (a - b) * (a - b) * share
        variance = build.reduce(squares, x, mean, keep="batch space", name="variance")
        return mean, build.elementwise(square_root(a + self.epsilon), variance, name="deviation")
