"""Which positions of its inputs one position of a layer's output reads.

Receptive fields follow from the answers of all layers up to a volume.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from netdsl.quantities import Volume


class Taps(NamedTuple):
    """What an output position reads along one axis.

    Output o reads the inputs (stride*o + first)//parts, then every ``apart``-th, up to
    (stride*o + last)//parts. Positions outside the volume are those of its padding. With stride 0 all
    outputs read the same.
    """

    first: int
    last: int
    stride: int = 1
    parts: int = 1
    apart: int = 1

    def cover(self, inputs: int, outputs: int) -> bool:
        """Whether the outputs, put together, certainly read all of the inputs."""
        gapless = self.apart == 1 and self.stride <= self.last - self.first + 1
        reach = (self.stride * (outputs - 1) + self.last) // self.parts
        return gapless and self.first // self.parts <= 0 and reach >= inputs - 1


HERE = Taps(0, 0)
"""The position itself."""


def sliding_taps(kernel: int, stride: int, before: int, apart: int = 1) -> Taps:
    """A window that covers ``kernel`` positions, with padding ``before`` the first."""
    return Taps(-before, kernel - 1 - before, stride, 1, apart)


def spreading_taps(kernel: int, stride: int, before: int) -> Taps:
    """Input i reaches the ``kernel`` outputs from i*stride - before on: the mirror of a window."""
    return Taps(before - kernel + stride, before, 1, stride)


def all_taps(extent: int, margin: int = 0) -> Taps:
    """All positions of an axis, and those of a margin around it."""
    return Taps(-margin, extent - 1 + margin, 0)


class Channels(Enum):
    """Which channels of its inputs one channel of a layer's output reads."""

    OWN = auto()
    """Itself: each number of the only input becomes the number in the same place."""

    SOME = auto()
    """Some of each input, and each is read by some output."""

    ALL = auto()
    """All of all inputs."""

    STACKED = auto()
    """One of one of the inputs, or none."""

    MIXED = auto()
    """Some, of positions that no rectangle says."""

    SELECTED = auto()
    """Some, and others may be read by no output."""


class Reading(NamedTuple):
    """How the output reads one input: taps down and across, in steps from the input to the output."""

    stages: tuple[tuple[Taps, Taps], ...]
    source: int = 0


class Reads(NamedTuple):
    """Everything that one output position reads, of all inputs.

    A layer that only moves channels of its one input says how: output channels are those of ``taken``, one
    after the other, or all of them, dealt out of so many groups.
    """

    readings: tuple[Reading, ...]
    channels: Channels = Channels.SOME
    taken: tuple[range, ...] = ()
    dealt: int = 1


def reading(rows: Taps, columns: Taps, source: int = 0) -> Reading:
    """A reading in one step."""
    return Reading(((rows, columns),), source)


def reading_here(source: int = 0) -> Reading:
    """The same position of an input."""
    return reading(HERE, HERE, source)


def reading_all(x: Volume, source: int = 0, margin: int = 0) -> Reading:
    """Every position of an input, and those of a margin around it."""
    return reading(all_taps(x.height, margin), all_taps(x.width, margin), source)
