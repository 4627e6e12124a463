"""SLICE: some of the channels of a volume."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.moving_values import MovingValues
from netdsl.layers.option import Ranges, channels, count
from netdsl.layers.taps import Channels, Reads
from netdsl.quantities import Volume, counted

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Slice(MovingValues):
    """Takes channels of a volume, in the order in which they are written, counted from 0.

    Computes
        y[i, j, c] = x[i, j, taken[c]]; ``0-57`` takes channels 0 to 57, ``part 2 of 4`` the second of four
        equal parts.

    Volume
        height and width unchanged, as many channels as are taken.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps nothing for backward.

    Problems
        ND319 channels that the input does not have, or that are taken twice.

    Example
        input 28x28x116
        SLICE 0-57

    Reference
        Ma, Zhang, Zheng, Sun, 2018, "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture
        Design", section 3.2: channel split.
    """

    keyword = "SLICE"
    linear = True

    taken = channels(
        "which channels, counted from 0", words=("channels", "channel"), positional=True, unless="part"
    )
    part = count("which of several equal parts, counted from 1", derived=True)
    parts = count("how many equal parts there are", words=("of", "parts"), derived=True)

    def ranges(self, x: Volume) -> Ranges:
        """The runs of channels that are taken of an input."""
        if self.part is not None:
            width = x.channels // self.parts
            return (((self.part - 1) * width, self.part * width - 1),)
        assert self.taken is not None
        return self.taken

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        found = self._part_problem(inputs[0]) if self.part is not None else self._range_problem(inputs[0])
        return () if found is None else (found,)

    def _part_problem(self, x: Volume) -> Mistake | None:
        if self.__dict__["taken"] is not None:
            return Mistake(
                "ND319", "channels and a part exclude each other", "taken", help=("leave out one",)
            )
        if self.__dict__["parts"] is None:
            help = ("write `SLICE part 1 of 2`",)
            return Mistake("ND319", f"part {self.part} of how many?", "part", help=help)
        if self.part > self.parts:
            message = f"of {counted(self.parts, 'part')} there is no part {self.part}"
            return Mistake("ND319", message, "part", f"parts run from 1 to {self.parts}")
        if x.channels % self.parts:
            message = (
                f"the {counted(x.channels, 'channel')} of the input cannot be split into "
                f"{self.parts} equal parts"
            )
            return Mistake("ND319", message, "parts", f"{x.channels}/{self.parts} is not whole")
        return None

    def _range_problem(self, x: Volume) -> Mistake | None:
        if self.__dict__["parts"] is not None:
            help = ("write `SLICE part 1 of 2`, counted from 1",)
            return Mistake("ND319", f"which of the {self.parts} parts do you mean?", "parts", help=help)
        taken = self.ranges(x)
        beyond = max(last for _, last in taken)
        if beyond >= x.channels:
            return Mistake(
                "ND319",
                f"there is no channel {beyond}: the input has {counted(x.channels, 'channel')}",
                option="taken",
                label=f"channels run from 0 to {x.channels - 1}",
            )
        inorder = sorted(taken)
        for (_, last), (first, _) in itertools.pairwise(inorder):
            if first <= last:
                message = f"channel {first} is taken twice"
                return Mistake("ND319", message, "taken", help=("list each channel in one range",))
        return None

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        (x,) = inputs
        taken = sum(last + 1 - first for first, last in self.ranges(x))
        return Volume(x.height, x.width, taken, vector=x.vector)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        parts = [f"{last} - {first} + 1" for first, last in self.ranges(inputs[0])]
        output = self.volume(*inputs)
        assert isinstance(output, Volume)
        return (f"{' + '.join(parts)} = {counted(output.channels, 'channel')}",)

    def reads(self, *inputs: Volume) -> Reads:
        output = self.volume(*inputs)
        whole = isinstance(output, Volume) and output.channels == inputs[0].channels
        taken = tuple(range(first, last + 1) for first, last in self.ranges(inputs[0]))
        channels = Channels.SOME if whole else Channels.SELECTED
        return super().reads(*inputs)._replace(channels=channels, taken=taken)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        height, width, depth = x.shape
        parts = [
            build.crop(x, (height, width, last + 1 - first), channel=first)
            for first, last in self.ranges(Volume(height, width, depth))
        ]
        return parts[0] if len(parts) == 1 else build.concatenate(*parts)
