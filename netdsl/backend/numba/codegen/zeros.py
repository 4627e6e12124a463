"""Filling a tensor with zeros."""

from __future__ import annotations

from netdsl.backend.numba.kernel import Kernel, Launch, Place, blocks
from netdsl.primitives.tensor import Tensor

_BLOCK = 16384

_FILL = Kernel(
    "fill_zeros",
    """def fill_zeros(arguments, first, last, worker):
    y = integer(arguments, 0)
    count = integer(arguments, 1)
    block = integer(arguments, 2)
    clear(y + first * block * 4, min(last * block, count) - first * block)
""",
)


def fill_zeros(tensor: Tensor, batch: int) -> Launch:
    """Zeros everywhere."""
    count = tensor.count(batch)
    return Launch(_FILL, (Place(tensor), count, _BLOCK), blocks(count, _BLOCK), (tensor,))
