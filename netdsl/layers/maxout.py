"""MAXOUT: the largest of several linear pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import POINT, Layer, Parameter, Window
from netdsl.layers.option import count
from netdsl.primitives.expression import maximum
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor

MOST_PIECES = 256
"""Each piece is a separate volume, cut out of the input and, backward, put back."""


class Maxout(Layer):
    """Maxout: groups of channels compete, and the largest at each position is passed on.

    Computes
        y[i, j, c] = max over p < pieces of x[i, j, p*(C/pieces) + c]: with the CONV or FC before it,
        the largest of ``pieces`` linear functions.

    Volume
        height and width unchanged, channels C/pieces.

    Parameters
        none of its own.

    Cost
        no multiply-accumulates; keeps its input for backward.

    Problems
        ND309 the pieces do not divide the channels.

    Example
        input 100
        FC: 20 neurons
        MAXOUT: 2 pieces

    Reference
        Goodfellow, Warde-Farley, Mirza, Courville, Bengio, 2013, "Maxout Networks", section 3.
    """

    keyword = "MAXOUT"
    fillers = ("linear",)
    linear = False
    is_activation = True

    pieces = count(
        "linear functions of which the largest counts", default=2, positional=True, maximum=MOST_PIECES
    )

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        (x,) = inputs
        if x.channels % self.pieces:
            return (
                Mistake(
                    "ND309",
                    f"{self.pieces} pieces do not divide the {x.channels} channels of the input",
                    option="pieces",
                    label=f"{x.channels}/{self.pieces} is not whole",
                ),
            )
        return ()

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        (x,) = inputs
        return x._replace(channels=x.channels // self.pieces)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        (x,) = inputs
        return (f"{x.channels}/{self.pieces} = {x.channels // self.pieces} channels",)

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return ()

    def macs(self, *inputs: Volume) -> int:
        return 0

    def window(self, *inputs: Volume) -> Window:
        return POINT

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        height, width, channels = x.shape
        share = channels // self.pieces
        parts = [build.crop(x, (height, width, share), channel=p * share) for p in range(self.pieces)]
        return build.fold(maximum, *parts, name="largest")
