"""The transpose of a matrix, in tiles of vectors."""

from __future__ import annotations

from netdsl.backend.numba.kernel import (
    Launch,
    blocks,
    fixed_kernel,
    named,
)
from netdsl.backend.numba.target import Target
from netdsl.primitives.tensor import Tensor


def transpose(w: Tensor, rows: int, columns: int, target: Target) -> tuple[Tensor, Launch]:
    """A new tensor of ``columns`` x ``rows``, and the launch that fills it from w, ``rows`` x ``columns``."""
    turned = Tensor(f"{w.name}.transposed", (columns, rows), batched=False)
    given = named(
        w=w,
        turned=turned,
        rows=rows,
        columns=columns,
    )
    return turned, Launch(
        fixed_kernel("transpose", given, _TRANSPOSE), given.values, blocks(columns, target.width), (turned,)
    )


_TRANSPOSE = """    for item in range(first, last):
        column = item * WIDTH
        transpose_band(w + column * 4, columns, turned + column * rows * 4, rows, rows,
                       min(WIDTH, columns - column))
"""
