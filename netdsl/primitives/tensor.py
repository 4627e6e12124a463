"""Tensors: the named arrays that primitives read and write. They hold no numbers."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """Where a tensor's numbers live and for how long."""

    INPUT = "input"  # written by the caller before each step
    STORED = "stored"  # outlives the step: parameters, statistics, optimizer state
    CONSTANT = "constant"  # the same in every step
    VALUE = "value"  # lives within a step, in the arena


class Type(Enum):
    """The number type of a tensor, with its bytes."""

    FLOAT32 = ("float32", 4)
    UINT32 = ("uint32", 4)
    UINT8 = ("uint8", 1)

    @property
    def bytes(self) -> int:
        return self.value[1]


class Tensor:
    """One array.

    ``shape`` leaves the batch out; ``batched`` says that the array has one such shape per image,
    images first. Activations are (height, width, channels). Identity is by object.
    """

    __slots__ = ("batched", "name", "role", "shape", "type")

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        *,
        batched: bool = True,
        role: Role = Role.VALUE,
        type: Type = Type.FLOAT32,
    ) -> None:
        self.name = name
        self.shape = shape
        self.batched = batched
        self.role = role
        self.type = type

    @property
    def values(self) -> int:
        """Numbers in one shape: per image where batched."""
        total = 1
        for extent in self.shape:
            total *= extent
        return total

    def count(self, batch: int) -> int:
        """Numbers in the whole array."""
        return self.values * (batch if self.batched else 1)

    def size_bytes(self, batch: int) -> int:
        return self.count(batch) * self.type.bytes

    def full_shape(self, batch: int) -> tuple[int, ...]:
        return (batch, *self.shape) if self.batched else self.shape

    def __repr__(self) -> str:
        batch = "N" if self.batched else ""
        extents = "x".join([*([batch] if batch else []), *map(str, self.shape)]) or "scalar"
        return f"{self.name}[{extents}]"
