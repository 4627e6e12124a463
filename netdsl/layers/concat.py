"""CONCAT: volumes are stacked along the channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.merging import Merging, listed
from netdsl.layers.taps import Channels, Reads
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Concat(Merging):
    """Stacks two or more volumes along the channels, in the order in which they are written.

    Computes
        y[i, j] = the channels of x1[i, j], then those of x2[i, j], and so on.

    Volume
        height and width of the inputs, which must agree; channels added up.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps nothing for backward.

    Problems
        ND308 heights or widths differ.

    Example
        input 28x28x6
        CONCAT[ SKIP | CONV 12 3x3 pad 1 ]

    Reference
        Szegedy, Liu, Jia and others, 2014, "Going Deeper with Convolutions", section 4; Huang, Liu, van
        der Maaten, Weinberger, 2016, "Densely Connected Convolutional Networks", equation 2.
    """

    keyword = "CONCAT"
    spellings = ("CONCATENATE", "STACK")
    linear = True

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        if any(volume.size != inputs[0].size for volume in inputs):
            return Mistake(
                "ND308",
                f"CONCAT takes volumes of one height and width, not {listed(inputs)}",
                help=("CROP or PAD gives a branch the size of the others",),
            )
        channels = sum(volume.channels for volume in inputs)
        return Volume(*inputs[0].size, channels, vector=all(volume.vector for volume in inputs))

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        parts = " + ".join(str(volume.channels) for volume in inputs)
        return (f"{parts} = {sum(volume.channels for volume in inputs)} channels",)

    def reads(self, *inputs: Volume) -> Reads:
        return super().reads(*inputs)._replace(channels=Channels.STACKED)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        return build.concatenate(*inputs)
