"""PAD: zeros around a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.moving_values import MovingValues
from netdsl.layers.option import count, padding
from netdsl.layers.taps import Channels, Reads, Taps, reading
from netdsl.quantities import Padding, Same, Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Pad(MovingValues):
    """Puts zeros around every channel, or more channels of zeros at the end.

    Computes
        y[i, j, c] = x[i - top, j - left, c], 0 where that is outside x.

    Volume
        height H + top + bottom, width W + left + right; channels C, or more where ``channels`` says so
        (the shortcut of type A of He and others, 2015, section 3.3).

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps nothing for backward.

    Problems
        ND309 fewer channels than there are, or ``same``, which has no meaning here.

    Example
        input 28x28x6
        PAD: by 2

    Reference
        LeCun, Bottou, Bengio, Haffner, 1998, "Gradient-Based Learning Applied to Document
        Recognition", section II.B: digits centred in a larger field.
    """

    keyword = "PAD"
    spellings = ("ZERO PAD", "ZEROPADDING")
    linear = True

    around = padding(
        "zeros on each side",
        words=("by", "pad", "padding"),
        positional=True,
        default=None,
        unless="channels",
    )
    channels = count("how many channels the output has", derived=True)

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        found = []
        if isinstance(self.around, Same):
            found.append(
                Mistake("ND309", "PAD needs numbers, not `same`", option="around", help=("write `by 2`",))
            )
        channels: int | None = self.__dict__["channels"]
        if channels is not None and channels < inputs[0].channels:
            found.append(
                Mistake(
                    "ND309",
                    f"PAD cannot make {channels} channels of {inputs[0].channels}",
                    option="channels",
                    label=f"fewer than {inputs[0].channels}",
                )
            )
        return tuple(found)

    def zeros(self) -> Padding:
        """Rows and columns of zeros; none where only channels are given."""
        around: Padding | None = self.__dict__["around"]
        return around or Padding(0, 0, 0, 0)

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        (x,) = inputs
        zeros = self.zeros()
        channels: int | None = self.__dict__["channels"]
        return Volume(
            x.height + zeros.top + zeros.bottom,
            x.width + zeros.left + zeros.right,
            x.channels if channels is None else channels,
        )

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        (x,) = inputs
        zeros = self.zeros()
        down = f"{x.height} + {zeros.top} + {zeros.bottom} = {x.height + zeros.top + zeros.bottom}"
        across = f"{x.width} + {zeros.left} + {zeros.right} = {x.width + zeros.left + zeros.right}"
        return (f"height {down}", f"width {across}")

    def reads(self, *inputs: Volume) -> Reads:
        top, left = self.zeros().top, self.zeros().left
        return Reads((reading(Taps(-top, -top), Taps(-left, -left)),), Channels.STACKED)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        output = self.volume(Volume(x.shape[0], x.shape[1], x.shape[2]))
        assert isinstance(output, Volume)
        zeros = self.zeros()
        return build.crop(x, output.shape, row=-zeros.top, column=-zeros.left)
