"""The program: what one step computes, as data."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.primitives.operation import Operation
from netdsl.primitives.tensor import Tensor

PRECISIONS = ("float32", "bf16")
"""Of what is multiplied; sums, weights and what a layer hands on are 32-bit floats in both."""


class Stored(NamedTuple):
    """An array that outlives a step.

    ``kind`` is "parameter" (learned), "statistic" (kept by a layer) or "optimizer" (kept by the
    update rule, starts at 0).
    """

    name: str
    shape: tuple[int, ...]
    kind: str


class Program(NamedTuple):
    """The operations of one step for ``batch`` images, in order.

    ``inputs`` are written by the caller before the step, ``outputs`` can be read after it,
    ``stored`` are changed in place. ``constants`` are tensors with their numbers.
    ``exact`` asks for convolutions that multiply as their formula says: a backend may otherwise
    take forms with fewer multiplications, which round a little more. ``precision`` "bf16" lets it
    round what convolutions and matrix products multiply to bfloat16; sums and all else stay float32.
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
