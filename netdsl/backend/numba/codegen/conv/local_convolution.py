"""Local convolutions: at each position, a matrix product of the images' windows with its own weights."""

from __future__ import annotations

from collections.abc import Callable

from netdsl.backend.numba.codegen.gemm.packing import Panels, panels_of
from netdsl.backend.numba.kernel import (
    Arguments,
    Kernel,
    Launch,
    PerWorker,
    indented,
    kernel,
    named,
)
from netdsl.backend.numba.target import Target
from netdsl.primitives.local_convolution import (
    LocalConvolution,
    LocalConvolutionInputGradient,
    LocalConvolutionWeightGradient,
)
from netdsl.primitives.tensor import Tensor

_GATHER = [
    "for image in range(batch):",
    "    copy_band(x + image * height * width * channels * 4, scratch + image * kernel * 4,",
    "              height, width, channels, channels, row * stride_row - top,",
    "              left - column * stride_column, kernel_rows, kernel_columns)",
]
"""The window of every image at one position, side by side in the scratch."""


def _arguments(
    op: LocalConvolution | LocalConvolutionInputGradient | LocalConvolutionWeightGradient,
    x: Tensor,
    w: Tensor,
    y: Tensor,
    batch: int,
    scratch: int,
    target: Target,
) -> Arguments:
    geometry = op.geometry
    height, width, channels = x.shape
    rows, columns, filters = y.shape
    return named(
        x=x,
        w=w,
        y=y,
        batch=batch,
        height=height,
        width=width,
        channels=channels,
        rows=rows,
        columns=columns,
        filters=filters,
        kernel_rows=op.kernel[0],
        kernel_columns=op.kernel[1],
        stride_row=geometry.stride.height,
        stride_column=geometry.stride.width,
        top=geometry.padding.top,
        left=geometry.padding.left,
        panels=panels_of(y.shape[2], target).total,
        scratch=PerWorker(scratch),
    )


def _head(given: Arguments) -> list[str]:
    return [
        *given.lines,
        "kernel = kernel_rows * kernel_columns * channels",
        "positions = rows * columns",
    ]


TileCall = Callable[[int, int, str], str]
"""(Rows, vectors, numbers of the last vector) to the call of a tile."""


def _by_panel(panels: Panels, count: str, high: int, call: TileCall) -> list[str]:
    """For each panel of filters, tiles of ``high`` rows down ``count`` rows, then row by row."""

    def down(vectors: int, lanes: str) -> list[str]:
        return [
            "r = 0",
            f"while r + {high} <= {count}:",
            f"    {call(high, vectors, lanes)}",
            f"    r += {high}",
            f"while r < {count}:",
            f"    {call(1, vectors, lanes)}",
            "    r += 1",
        ]

    head = ["for panel in range(panels):", f"    start = panel * {panels.width}"]
    full = down(panels.vectors, str(panels.lanes))
    tail = down(panels.tail_vectors, panels.lanes_of_tail("filters"))
    return [*head, *(f"    {line}" for line in panels.by_width("filters", full, tail))]


def _position_kernel(
    kind: str, given: Arguments, panels: Panels, count: str, call: TileCall, target: Target
) -> Kernel:
    high = target.accumulators // panels.vectors
    body = [
        *_head(given),
        "for item in range(first, last):",
        "    row = item // columns",
        "    column = item - row * columns",
        *(f"    {line}" for line in _GATHER),
        *(f"    {line}" for line in _by_panel(panels, count, high, call)),
    ]
    return kernel(kind, indented(body, 1) + "\n")


def emit_local_convolution(op: LocalConvolution, batch: int, target: Target) -> list[Launch]:
    """One work item per position: rows are the images."""
    (x, w), (y,) = op.inputs, op.outputs
    scratch = batch * w.shape[1]

    def call(rows: int, vectors: int, lanes: str) -> str:
        return (
            f"tile(1, {rows}, {vectors}, {lanes}, scratch + r * kernel * 4, 0, kernel, 1, 0, "
            "w + (item * kernel * filters + start) * 4, filters, 0, "
            "y + ((r * positions + item) * filters + start) * 4, 0, positions * filters, 1, kernel, 0)"
        )

    given = _arguments(op, x, w, y, batch, scratch, target)
    built = _position_kernel("convolve_locally", given, panels_of(y.shape[2], target), "batch", call, target)
    positions = y.shape[0] * y.shape[1]
    return [Launch(built, given.values, positions, (y,), scratch)]


def emit_local_convolution_weight_gradient(
    op: LocalConvolutionWeightGradient, batch: int, target: Target
) -> list[Launch]:
    """One work item per position: rows are the kernel's values, the sum runs over the images."""
    (x, dy), (dw,) = op.inputs, op.outputs
    scratch = batch * dw.shape[1]

    def call(rows: int, vectors: int, lanes: str) -> str:
        return (
            f"tile(1, {rows}, {vectors}, {lanes}, scratch + r * 4, 0, 1, kernel, 0, "
            "y + (item * filters + start) * 4, positions * filters, 0, "
            "w + ((item * kernel + r) * filters + start) * 4, 0, filters, 1, batch, 0)"
        )

    given = _arguments(op, x, dw, dy, batch, scratch, target)
    built = _position_kernel(
        "local_weight_gradient", given, panels_of(dy.shape[2], target), "kernel", call, target
    )
    positions = dy.shape[0] * dy.shape[1]
    return [Launch(built, given.values, positions, (dw,), scratch)]


def emit_local_convolution_input_gradient(
    op: LocalConvolutionInputGradient, batch: int, target: Target
) -> list[Launch]:
    """One work item per image: windows that overlap add up in a fixed order."""
    (dy, w), (dx,) = op.inputs, op.outputs
    kernel_values = w.shape[1]
    given = _arguments(op, dx, w, dy, batch, kernel_values, target)
    body = [
        *_head(given),
        "for image in range(first, last):",
        "    whole = x + image * height * width * channels * 4",
        "    clear(whole, height * width * channels)",
        "    for item in range(positions):",
        "        row = item // columns",
        "        column = item - row * columns",
        "        gradient = y + (image * positions + item) * filters * 4",
        "        r = 0",
        "        while r + 4 <= kernel:",
        "            dot_tile(1, 4, gradient, filters, w + (item * kernel + r) * filters * 4, filters,",
        "                     scratch + r * 4, kernel, filters, 0)",
        "            r += 4",
        "        while r < kernel:",
        "            dot_tile(1, 1, gradient, filters, w + (item * kernel + r) * filters * 4, filters,",
        "                     scratch + r * 4, kernel, filters, 0)",
        "            r += 1",
        "        for a in range(kernel_rows):",
        "            for b in range(kernel_columns):",
        "                i = row * stride_row - top + a",
        "                j = column * stride_column - left + b",
        "                if i >= 0 and i < height and j >= 0 and j < width:",
        "                    add_to(scratch + (a * kernel_columns + b) * channels * 4,",
        "                           whole + (i * width + j) * channels * 4, channels)",
    ]
    built = kernel("local_input_gradient", indented(body, 1) + "\n")
    return [Launch(built, given.values, batch, (dx,), kernel_values)]
