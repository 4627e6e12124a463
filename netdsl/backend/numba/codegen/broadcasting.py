"""How the inputs of a formula are walked: by position and channel, with the strides of a broadcast."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.primitives.builder import leading_ones
from netdsl.primitives.tensor import Tensor


class Domain(NamedTuple):
    """Positions that a formula visits: images, positions of an image, channels."""

    images: int
    positions: int
    channels: int

    @property
    def values(self) -> int:
        return self.images * self.positions * self.channels


class Operand(NamedTuple):
    """An input and how far it moves, in numbers, per image, position and channel (0 or 1)."""

    tensor: Tensor
    by_image: int
    by_position: int
    by_channel: int

    @property
    def scalar(self) -> bool:
        return not (self.by_image or self.by_position or self.by_channel)

    @property
    def per_channel(self) -> bool:
        return bool(self.by_channel) and not (self.by_image or self.by_position)

    def full(self, domain: Domain) -> bool:
        """Whether it has a number of its own for every index, in order."""
        return (
            (self.by_image == domain.positions * domain.channels or domain.images == 1)
            and (self.by_position == domain.channels or domain.positions == 1)
            and (self.by_channel == 1 or domain.channels == 1)
            and not (self.scalar and domain.values > 1)
            and not (self.per_channel and domain.images * domain.positions > 1)
        )


def domain_of(shape: tuple[int, int, int], batched: bool, batch: int) -> Domain:
    return Domain(batch if batched else 1, shape[0] * shape[1], shape[2])


def operand_of(tensor: Tensor, shape: tuple[int, int, int]) -> Operand:
    """Where broadcasting repeats an extent, the stride is 0.

    An input repeats over height and width together or not at all.
    """
    extents = leading_ones(tensor.shape)
    spatial = extents[:2] == shape[:2]
    if not spatial and extents[:2] != (1, 1):
        raise ValueError(f"{tensor} repeats over one of height and width of {shape}")
    positions = extents[0] * extents[1]
    repeated = positions == 1
    return Operand(
        tensor,
        tensor.values if tensor.batched else 0,
        0 if repeated else extents[2],
        1 if extents[2] > 1 else 0,
    )
