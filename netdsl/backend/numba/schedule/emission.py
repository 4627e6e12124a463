"""From one primitive to its launches: the variant that is chosen, with what listings say about it."""

from __future__ import annotations

from netdsl.backend.numba.kernel import Launch
from netdsl.backend.numba.schedule.choice import choose
from netdsl.backend.numba.target import Target
from netdsl.primitives.operation import Operation
from netdsl.program.program import PLAIN, Numerics


def emit(operation: Operation, batch: int, target: Target, numerics: Numerics = PLAIN) -> list[Launch]:
    """The launches of one primitive, with its origin, phase and text for listings; as ``choose``."""
    variant = choose(operation, batch, target, numerics)
    launches = variant.emit()
    if variant.note:
        launches = [launch._replace(note=f"{operation!r}{variant.note}") for launch in launches]
    return noted(launches, operation)


def noted(launches: list[Launch], *operations: Operation) -> list[Launch]:
    """Launches with the origin, phase and text of what they do, for listings."""
    first, note = operations[0], "; ".join(map(repr, operations))
    return [
        launch._replace(origin=first.origin, phase=first.phase, note=launch.note or note)
        for launch in launches
    ]
