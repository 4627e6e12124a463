"""The inputs of a network, and the example that holds what all of them are given.

Data, normalisation, checkpoints and programs know one array of examples. Where a network has several
inputs, an example is their volumes side by side: along the channels where all have the same height and
width, else as one row of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netdsl.quantities import Volume


class InputPart(NamedTuple):
    """An input by its name; ``first`` is the channel of the example with which its numbers begin."""

    name: str
    volume: Volume
    first: int


class Example(NamedTuple):
    """What one example holds: a ``volume``, and which part of it each input is given."""

    volume: Volume
    parts: tuple[InputPart, ...]

    @property
    def several(self) -> bool:
        return len(self.parts) > 1

    @property
    def stacked(self) -> bool:
        """Whether the inputs lie on one another: then what moves pixels moves those of all alike."""
        return all(part.volume.size == self.volume.size for part in self.parts)


def example_of(inputs: Sequence[tuple[str, Volume]]) -> Example:
    """The example of a network with these inputs."""
    volumes = [volume for _, volume in inputs]
    if len(volumes) == 1:
        return Example(volumes[0], (InputPart(inputs[0][0], volumes[0], 0),))
    stacked = len({volume.size for volume in volumes}) == 1
    parts, first = [], 0
    for name, volume in inputs:
        parts.append(InputPart(name, volume, first))
        first += volume.channels if stacked else volume.values
    if not stacked:
        return Example(Volume(1, 1, first, vector=True), tuple(parts))
    height, width = volumes[0].size
    row = height == width == 1
    return Example(Volume(height, width, first, vector=row), tuple(parts))
