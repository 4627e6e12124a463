"""The passes over a program: what they are, and in which order they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from netdsl.primitives.operation import Operation
from netdsl.primitives.tensor import Tensor
from netdsl.program.commute import parameters_first, pool_first
from netdsl.program.fuse import fuse
from netdsl.program.recompute import compute_again

Operations: TypeAlias = tuple[Operation, ...]
Outputs: TypeAlias = tuple[Tensor, ...]

Pass: TypeAlias = Callable[[Operations, Outputs], Operations]
"""From operations, and the tensors that are read after the step, to operations that compute the same."""

PASSES: tuple[Pass, ...] = (fuse, pool_first, parameters_first, compute_again)
"""In this order: an activation moves behind max pooling as the one formula that fusing makes of it, and what
is computed again is what is kept even then."""


def passed(operations: Operations, outputs: Outputs, passes: tuple[Pass, ...] = PASSES) -> Operations:
    """Operations, as layers and gradients have written them, after some passes."""
    for one in passes:
        operations = one(operations, outputs)
    return operations
