"""GN: each image's groups of channels are normalised to mean 0 and variance 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import Parameter, SameVolume
from netdsl.layers.option import count, flag, real
from netdsl.layers.taps import Channels, Reads, reading_all, reading_here
from netdsl.primitives.expression import operand, square_root
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class GroupNorm(SameVolume):
    """Group normalisation: mean and variance over all positions and a group of channels.

    Computes
        y = (x - mean)/sqrt(variance + epsilon) * scale[c] + shift[c], with the mean and variance of
        the image's own group: the same in training and afterwards, for any batch.

    Volume
        unchanged.

    Parameters
        scale C, shift C; `no scale` and `no shift` leave out either.

    Cost
        no multiply-accumulates of weights; keeps its input for backward.

    Problems
        ND303 groups do not divide.

    Example
        input 28x28x64
        GN: 32 groups

    Reference
        Wu, He, 2018, "Group Normalization", equations 1 to 3 and 7.
    """

    keyword = "GN"
    spellings = ("GROUP NORM", "GROUPNORM", "GROUP NORMALIZATION", "GROUP NORMALISATION")
    linear = False
    normalises = True

    groups = count("parts of the channels that are normalised together", default=32, positional=True)
    epsilon = real("what is added to the variance", default=1e-5, minimum=1e-12, words=("epsilon", "eps"))
    scale = flag("whether each channel is multiplied by a learned number", default=True)
    shift = flag("whether each channel adds a learned number", default=True)

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        channels = inputs[0].channels
        if channels % self.groups:
            return (
                Mistake(
                    "ND303",
                    f"{self.groups} groups do not divide the {channels} channels of the input",
                    option="groups",
                    label=f"{channels}/{self.groups} is not whole",
                    spares_volume=True,
                ),
            )
        return ()

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return scale_and_shift(inputs[0].channels, scale=self.scale, shift=self.shift)

    def reads(self, *inputs: Volume) -> Reads:
        return Reads((reading_here(), reading_all(inputs[0])), Channels.SOME)

    def normalised_values(self, *inputs: Volume) -> int:
        return inputs[0].values // self.groups

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        found = deviations_by_group(build, x, self.groups, self.epsilon)
        return normalised(build, x, *found, scale=self.scale, shift=self.shift)


def scale_and_shift(channels: int, *, scale: bool, shift: bool) -> tuple[Parameter, ...]:
    """The arrays of a normalisation that rescales each channel, as far as it does."""
    scales = (Parameter("scale", (channels,), initial=1.0),) if scale else ()
    return (*scales, Parameter("shift", (channels,))) if shift else scales


def deviations_by_group(build: Builder, x: Tensor, groups: int, epsilon: float) -> tuple[Tensor, Tensor]:
    """The mean of each image's groups and the root of their variance + epsilon, for each channel."""
    height, width, channels = x.shape
    share = 1 / (height * width * (channels // groups))
    a, b = operand(0), operand(1)

    def per_group(sums: Tensor, name: str) -> Tensor:
        """Sums per channel to the sums of their groups, repeated for each channel."""
        parts = build.reshape(sums, (1, groups, channels // groups))
        totals = build.reduce(a, parts, keep="batch space", name=name)
        whole = build.spread(totals, (1, groups, channels // groups))
        return build.reshape(whole, (1, 1, channels))

    mean = per_group(build.reduce(a * share, x, keep="batch channel", name="channel_mean"), "mean")
    squares = build.reduce((a - b) * (a - b) * share, x, mean, keep="batch channel", name="channel_variance")
    variance = per_group(squares, "variance")
    return mean, build.elementwise(square_root(a + epsilon), variance, name="deviation")


def normalised(
    build: Builder, x: Tensor, mean: Tensor, deviation: Tensor, *, scale: bool, shift: bool
) -> Tensor:
    """(x - mean)/deviation, times the layer's scale and plus its shift where it has them."""
    a, b, c = (operand(number) for number in range(3))
    formula, inputs = (a - b) / c, [x, mean, deviation]
    if scale:
        formula = formula * operand(len(inputs))
        inputs.append(build.parameter("scale"))
    if shift:
        formula = formula + operand(len(inputs))
        inputs.append(build.parameter("shift"))
    return build.elementwise(formula, *inputs, name="normalised")
