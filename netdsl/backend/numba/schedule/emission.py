"""From one primitive to its launches: the variant that is chosen, with what listings say about it."""

from __future__ import annotations

from netdsl.backend.numba.kernel import Launch, labelled
from netdsl.backend.numba.schedule.choice import choose
from netdsl.backend.numba.target import Target
from netdsl.primitives.operation import Operation
from netdsl.program.program import PLAIN, Numerics


def emit(operation: Operation, batch: int, target: Target, numerics: Numerics = PLAIN) -> list[Launch]:
    """The launches of one primitive, with its origin, phase and text for listings; as ``choose``."""
    variant = choose(operation, batch, target, numerics)
    return labelled(variant.emit(), operation, f"{operation!r}{variant.note}")
