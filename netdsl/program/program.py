"""The program: what one step computes, as data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from netdsl.primitives.operation import Operation
from netdsl.primitives.tensor import Tensor


class Stored(NamedTuple):
    """An array that outlives a step.

    ``kind`` is "parameter" (learned), "statistic" (kept by a layer), "optimizer" (kept for the updates,
    starts at 0) or "average" (of a parameter over the updates, starts at 0 too).
    """

    name: str
    shape: tuple[int, ...]
    kind: str


NO_VARIANTS: Mapping[str, str] = MappingProxyType({})
"""Every operation in the variant that the backend takes for the best."""


class Program(NamedTuple):
    """The operations of one step for ``batch`` images, in order.

    ``inputs`` are written by the caller before the step, ``outputs`` can be read after it,
    ``stored`` are changed in place. ``constants`` are tensors with their numbers.
    ``exact`` asks for convolutions that multiply as their formula says: a backend may otherwise
    take variants with fewer multiplications, which round a little more. ``precision`` "bf16" lets it
    round what convolutions and matrix products multiply to bfloat16; sums and all else stay float32.
    ``variants`` says in which variant single operations are computed, in the words of the backend that
    measured it on this machine; the bits of the result depend on it.
    """

    name: str
    batch: int
    operations: tuple[Operation, ...]
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    stored: tuple[Stored, ...]
    stored_tensors: dict[str, Tensor]
    constants: dict[Tensor, tuple[float, ...]]
    exact: bool = False
    precision: str = "float32"
    variants: Mapping[str, str] = NO_VARIANTS
