"""Windows of images as rows of a matrix: for images so small that a work item would have too few of them."""

from __future__ import annotations

from netdsl.backend.numba.kernel import (
    Launch,
    fixed_kernel,
    named,
)
from netdsl.primitives.convolution import Geometry
from netdsl.primitives.tensor import Tensor


def gather_windows(
    x: Tensor, geometry: Geometry, kernel: tuple[int, int], output: tuple[int, int], batch: int
) -> tuple[Tensor, Launch]:
    """A tensor with one row per image and output position, the numbers under its window, and its launch."""
    height, width, channels = x.shape
    rows, columns = output
    gathered = Tensor(f"{x.name}.windows", (rows * columns, kernel[0] * kernel[1] * channels))
    given = named(
        x=x,
        gathered=gathered,
        height=height,
        width=width,
        channels=channels,
        kernel_rows=kernel[0],
        kernel_columns=kernel[1],
        stride_row=geometry.stride.height,
        stride_column=geometry.stride.width,
        top=geometry.padding.top,
        left=geometry.padding.left,
        rows=rows,
        columns=columns,
    )
    return gathered, Launch(
        fixed_kernel("gather_windows", given, _GATHER), given.values, batch * rows * columns, (gathered,)
    )


_GATHER = """    for item in range(first, last):
        image = item // (rows * columns)
        place = item - image * rows * columns
        row = place // columns
        column = place - row * columns
        copy_band(x + image * height * width * channels * 4,
                  gathered + item * kernel_rows * kernel_columns * channels * 4,
                  height, width, channels, channels, row * stride_row - top, left - column * stride_column,
                  kernel_rows, kernel_columns)
"""
