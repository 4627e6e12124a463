"""Windows of images as rows of a matrix: for images so small that a work item would have too few of them."""

from __future__ import annotations

from netdsl.backend.numba.kernel import Kernel, Launch, Place
from netdsl.primitives.convolution import Geometry
from netdsl.primitives.tensor import Tensor


def gather_windows(
    x: Tensor, geometry: Geometry, kernel: tuple[int, int], output: tuple[int, int], batch: int
) -> tuple[Tensor, Launch]:
    """A tensor with one row per image and output position, the numbers under its window, and its launch."""
    height, width, channels = x.shape
    rows, columns = output
    gathered = Tensor(f"{x.name}.windows", (rows * columns, kernel[0] * kernel[1] * channels))
    arguments = (
        Place(x),
        Place(gathered),
        height,
        width,
        channels,
        *kernel,
        *geometry.stride,
        geometry.padding.top,
        geometry.padding.left,
        rows,
        columns,
    )
    return gathered, Launch(_GATHER, arguments, batch * rows * columns, (gathered,))


_GATHER = Kernel(
    "gather_windows",
    """def gather_windows(arguments, first, last, worker):
    x = integer(arguments, 0)
    gathered = integer(arguments, 1)
    height = integer(arguments, 2)
    width = integer(arguments, 3)
    channels = integer(arguments, 4)
    kernel_rows = integer(arguments, 5)
    kernel_columns = integer(arguments, 6)
    stride_row = integer(arguments, 7)
    stride_column = integer(arguments, 8)
    top = integer(arguments, 9)
    left = integer(arguments, 10)
    rows = integer(arguments, 11)
    columns = integer(arguments, 12)
    for item in range(first, last):
        image = item // (rows * columns)
        place = item - image * rows * columns
        row = place // columns
        column = place - row * columns
        copy_band(x + image * height * width * channels * 4,
                  gathered + item * kernel_rows * kernel_columns * channels * 4,
                  height, width, channels, channels, row * stride_row - top, left - column * stride_column,
                  kernel_rows, kernel_columns)
""",
)
