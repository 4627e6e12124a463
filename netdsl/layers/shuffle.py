"""SHUFFLE: channels of several groups are dealt out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import SameVolume
from netdsl.layers.option import count
from netdsl.layers.taps import Reads, reading_here
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Shuffle(SameVolume):
    """Channel shuffle: the first channel of each group, then the second of each, and so on.

    Computes
        y[i, j, m*G + g] = x[i, j, g*(C/G) + m] for G groups, so that a grouped convolution after another
        one sees channels of all groups.

    Volume
        unchanged.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps nothing for backward.

    Problems
        ND303 groups do not divide.

    Example
        input 28x28x116
        SHUFFLE: groups 2

    Reference
        Zhang, Zhou, Lin, Sun, 2018, "ShuffleNet: An Extremely Efficient Convolutional Neural Network for
        Mobile Devices", section 3.1.
    """

    keyword = "SHUFFLE"
    spellings = ("CHANNEL SHUFFLE", "CHANNELSHUFFLE")
    linear = True

    groups = count(
        "how many groups the channels are dealt out of",
        words=("groups", "group"),
        positional=True,
        minimum=2,
        example="2",
    )

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

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        (x,) = inputs
        return (f"the volume stays {x}: {self.groups} groups of {x.channels // self.groups}",)

    def reads(self, *inputs: Volume) -> Reads:
        return Reads((reading_here(),), dealt=self.groups)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        height, width, channels = x.shape
        extents = (height * width, self.groups, channels // self.groups)
        return build.transpose(x, extents, (0, 2, 1), (height, width, channels))
