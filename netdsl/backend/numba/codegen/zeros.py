"""Filling a tensor with zeros."""

from __future__ import annotations

from netdsl.backend.numba.kernel import (
    Launch,
    blocks,
    fixed_kernel,
    named,
)
from netdsl.primitives.tensor import Tensor

_BLOCK = 16384

_FILL = """    clear(y + first * block * 4, min(last * block, count) - first * block)
"""


def fill_zeros(tensor: Tensor, batch: int) -> Launch:
    """Zeros everywhere."""
    count = tensor.count(batch)
    given = named(y=tensor, count=count, block=_BLOCK)
    return Launch(fixed_kernel("fill_zeros", given, _FILL), given.values, blocks(count, _BLOCK), (tensor,))
