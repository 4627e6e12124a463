"""The memory plan: where every value of a step is in one arena."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from heapq import heappush, heapreplace
from typing import NamedTuple

from netdsl.primitives.tensor import Tensor

ALIGNMENT_BYTES = 64
"""A cache line: vectors never straddle two because of where a buffer starts."""

MOST_FITTED = 8192
"""Buffers that are compared with one another; those of DenseNet-201 are 4,200."""

Life = tuple[int, int]
"""The first and the last moment at which a buffer is in use."""


class Slot(NamedTuple):
    """Where a buffer is and from which to which moment it is in use, both included."""

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
    Pisarchyk and Lee, 2020, "Efficient Memory Management for Deep Neural Net Inference". That compares
    all with all, so where there are very many, the smallest share with their equals alone.
    """
    lives: dict[Tensor, Life] = {}
    for moment, tensors in enumerate(touched):
        for tensor in tensors:
            if tensor in sizes_bytes:
                first, _ = lives.get(tensor, (moment, moment))
                lives[tensor] = (first, moment)
    for tensor in kept:
        if tensor in lives:
            lives[tensor] = (lives[tensor][0], len(touched))
    order = sorted(lives, key=lambda tensor: (-sizes_bytes[tensor], lives[tensor]))
    slots = _fitted(order[:MOST_FITTED], lives, sizes_bytes)
    slots |= _among_equals(order[MOST_FITTED:], lives, sizes_bytes, _end_bytes(slots))
    return MemoryPlan(slots, _end_bytes(slots))


def _end_bytes(slots: dict[Tensor, Slot]) -> int:
    return max((slot.offset_bytes + slot.size_bytes for slot in slots.values()), default=0)


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def _fitted(
    order: list[Tensor], lives: dict[Tensor, Life], sizes_bytes: dict[Tensor, int]
) -> dict[Tensor, Slot]:
    """Each buffer at the lowest offset where it fits between those before it."""
    slots: dict[Tensor, Slot] = {}
    by_offset: list[Slot] = []
    for tensor in order:
        first, last = lives[tensor]
        size = _aligned(sizes_bytes[tensor])
        offset = 0
        for slot in by_offset:
            if slot.first <= last and first <= slot.last:
                if slot.offset_bytes - offset >= size:
                    break
                offset = max(offset, slot.offset_bytes + slot.size_bytes)
        slots[tensor] = Slot(offset, size, first, last)
        insort(by_offset, slots[tensor])
    return slots


def _among_equals(
    tensors: list[Tensor], lives: dict[Tensor, Life], sizes_bytes: dict[Tensor, int], start_bytes: int
) -> dict[Tensor, Slot]:
    """Buffers after ``start_bytes``, as many side by side as live at once of each size."""
    alike: dict[int, list[Tensor]] = {}
    for tensor in tensors:
        alike.setdefault(_aligned(sizes_bytes[tensor]), []).append(tensor)
    slots: dict[Tensor, Slot] = {}
    for size, equals in alike.items():
        taken: list[tuple[int, int]] = []  # the last moment of what is there, and its offset
        for tensor in sorted(equals, key=lives.__getitem__):
            first, last = lives[tensor]
            if taken and taken[0][0] < first:
                offset = taken[0][1]
                heapreplace(taken, (last, offset))
            else:
                offset = start_bytes
                start_bytes += size
                heappush(taken, (last, offset))
            slots[tensor] = Slot(offset, size, first, last)
    return slots
