"""The transpose of a matrix, in tiles of vectors."""

from __future__ import annotations

from netdsl.backend.numba.kernel import Kernel, Launch, Place, blocks
from netdsl.backend.numba.target import Target
from netdsl.primitives.tensor import Tensor


def transpose(w: Tensor, rows: int, columns: int, machine: Target) -> tuple[Tensor, Launch]:
    """A new tensor of ``columns`` x ``rows``, and the launch that fills it from w, ``rows`` x ``columns``."""
    turned = Tensor(f"{w.name}.transposed", (columns, rows), batched=False)
    arguments = (Place(w), Place(turned), rows, columns)
    return turned, Launch(_TRANSPOSE, arguments, blocks(columns, machine.width), (turned,))


_TRANSPOSE = Kernel(
    "transpose",
    """def transpose(arguments, first, last, worker):
    w = integer(arguments, 0)
    turned = integer(arguments, 1)
    rows = integer(arguments, 2)
    columns = integer(arguments, 3)
    for item in range(first, last):
        column = item * WIDTH
        transpose_band(w + column * 4, columns, turned + column * rows * 4, rows, rows,
                       min(WIDTH, columns - column))
""",
)
