"""Operations that follow one another and take one launch together."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backend.numba.codegen.elementwise import emit_chain
from netdsl.backend.numba.codegen.reduction import emit_reductions
from netdsl.backend.numba.kernel import Launch
from netdsl.backend.numba.target import Target
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.operation import Operation
from netdsl.primitives.reduction import Reduction


def emit_joined(together: Sequence[Operation], batch: int, target: Target) -> list[Launch]:
    """The launches of reductions of the same images, or of formulas of the same numbers."""
    reductions = [op for op in together if isinstance(op, Reduction)]
    if reductions:
        return emit_reductions(reductions, batch, target)
    return emit_chain([op for op in together if isinstance(op, Elementwise)], batch, target)
