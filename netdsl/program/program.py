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


class Numerics(NamedTuple):
    """How numbers are computed: all that the bits of a result depend on beside the operations.

    ``exact`` asks for convolutions that multiply as their formula says: a backend may otherwise
    take variants with fewer multiplications, which round a little more. ``precision`` "bf16" lets it
    round what convolutions and matrix products multiply to bfloat16; sums and all else stay float32.
    ``variants`` says in which variant single operations are computed, in the words of the backend that
    measured it on this machine.
    """

    exact: bool = False
    precision: str = "float32"
    variants: Mapping[str, str] = NO_VARIANTS

    @property
    def in_bfloat16(self) -> bool:
        """Whether factors may be rounded to bfloat16."""
        return self.precision == "bf16"


PLAIN = Numerics()
"""32-bit floats, each operation as the backend computes it by itself."""


class Program(NamedTuple):
    """The operations of one step for ``batch`` images, in order.

    ``inputs`` are written by the caller before the step, ``outputs`` can be read after it,
    ``stored`` are changed in place. ``constants`` are tensors with their numbers.
    ``written`` are the operations before the passes, as layers and gradients have written them.
    """

    name: str
    batch: int
    operations: tuple[Operation, ...]
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    stored: tuple[Stored, ...]
    stored_tensors: dict[str, Tensor]
    constants: dict[Tensor, tuple[float, ...]]
    numerics: Numerics = PLAIN
    written: tuple[Operation, ...] = ()

    def in_variants(self, variants: Mapping[str, str]) -> Program:
        """The same with operations in these variants."""
        return self._replace(numerics=self.numerics._replace(variants=variants))
