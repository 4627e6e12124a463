"""Operations that follow one another and take one launch together."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backend.numba.codegen.elementwise import chained, emit_chain
from netdsl.backend.numba.codegen.reduction import emit_reductions, reduced_together
from netdsl.backend.numba.kernel import Launch
from netdsl.backend.numba.target import Target
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.operation import Operation
from netdsl.primitives.reduction import Reduction

MOST_TOGETHER = 6
"""Formulas of one launch: a gradient added up, an update of three arrays and an average."""

MOST_REDUCED = 4
"""Reductions of one launch."""


def joined(following: Sequence[Operation], batch: int) -> list[Operation]:
    """The operations at the beginning that one launch can do: reductions of the same images, or
    formulas of the same numbers. At most one where nothing is gained."""
    return [*(reduced_together(following[:MOST_REDUCED]) or chained(following, batch))]


def emit_joined(together: Sequence[Operation], batch: int, target: Target) -> list[Launch]:
    """The launches of what ``joined`` found."""
    reductions = [op for op in together if isinstance(op, Reduction)]
    if reductions:
        return emit_reductions(reductions, batch, target)
    return emit_chain([op for op in together if isinstance(op, Elementwise)], batch, target)
