"""The memory plan: where every value of a step lies in one arena."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from typing import NamedTuple

from netdsl.primitives.tensor import Tensor

ALIGNMENT_BYTES = 64
"""A cache line: vectors never straddle two because of where a buffer starts."""


class Slot(NamedTuple):
    """Where a buffer lies and from which to which moment it is in use, both included."""

    offset_bytes: int
    size_bytes: int
    first: int
    last: int


class MemoryPlan(NamedTuple):
    """A slot for every buffer, and the bytes of the whole arena."""

    slots: dict[Tensor, Slot]
    arena_bytes: int

    @property
    def unshared_bytes(self) -> int:
        """What the buffers would take if each had memory of its own."""
        return sum(slot.size_bytes for slot in self.slots.values())


def plan_memory(
    touched: Sequence[Sequence[Tensor]], sizes_bytes: dict[Tensor, int], kept: Sequence[Tensor]
) -> MemoryPlan:
    """Place buffers so that two share bytes only if their lives do not meet.

    ``touched[moment]`` are the buffers that a moment reads or writes; ``kept`` live to the end.
    The largest are placed first, each at the lowest offset where it fits: greedy by size, after
    Pisarchyk and Lee, 2020, "Efficient Memory Management for Deep Neural Net Inference".
    """
    lives: dict[Tensor, tuple[int, int]] = {}
    for moment, tensors in enumerate(touched):
        for tensor in tensors:
            if tensor in sizes_bytes:
                first, _ = lives.get(tensor, (moment, moment))
                lives[tensor] = (first, moment)
    for tensor in kept:
        if tensor in lives:
            lives[tensor] = (lives[tensor][0], len(touched))
    order = sorted(lives, key=lambda tensor: (-sizes_bytes[tensor], lives[tensor]))
    slots: dict[Tensor, Slot] = {}
    by_offset: list[Slot] = []
    for tensor in order:
        first, last = lives[tensor]
        size = -(-sizes_bytes[tensor] // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
        offset = 0
        for slot in by_offset:
            if slot.first <= last and first <= slot.last:
                if slot.offset_bytes - offset >= size:
                    break
                offset = max(offset, slot.offset_bytes + slot.size_bytes)
        slots[tensor] = Slot(offset, size, first, last)
        insort(by_offset, slots[tensor])
    return MemoryPlan(slots, max((slot.offset_bytes + slot.size_bytes for slot in slots.values()), default=0))
