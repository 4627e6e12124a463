"""Convolutions on register tiles, straight from the image: no unrolled copy of it is made.

A kernel row of an image in NHWC order is contiguous, so a tile of neighbouring outputs walks it
in place. Where there is padding or a group, each work item first copies the rows that it needs,
with their border of zeros, into memory of its worker.
"""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.codegen.conv.im2col import gather_windows
from netdsl.backend.numba.codegen.conv.row_bands import RowBands
from netdsl.backend.numba.codegen.gemm.matmul import (
    dot_product,
    product,
    product_in_panels,
)
from netdsl.backend.numba.codegen.gemm.packing import Packing, Tile
from netdsl.backend.numba.codegen.gemm.transpose import transpose
from netdsl.backend.numba.codegen.zeros import fill_zeros
from netdsl.backend.numba.kernel import Launch, blocks
from netdsl.backend.numba.target import Target
from netdsl.primitives.convolution import Convolution, ConvolutionInputGradient
from netdsl.quantities import Size


def emit_direct(
    op: Convolution, batch: int, target: Target, tile: Tile | None = None, *, paired: bool = False
) -> list[Launch]:
    """Pack the weights panel by panel, then compute band by band of rows; ``paired`` in bfloat16.

    ``tile`` is another than the usual one.
    """
    x, w = op.inputs
    y = op.outputs[0]
    kernel_height, kernel_width, depth, filters = w.shape
    groups = op.geometry.groups
    width = filters // groups
    packing = Packing(
        groups,
        (kernel_height, kernel_width, depth),
        width,
        strides=(kernel_width * depth * filters, depth * filters, filters, 1),
        group_stride=width,
        tile=tile,
    )
    packed, pack = packing.launch_pairs(w, target) if paired else packing.launch(w, target)
    row_bands = RowBands(
        stride=op.geometry.stride,
        top=op.geometry.padding.top,
        left=op.geometry.padding.left,
        groups=groups,
        kernel=(kernel_height, kernel_width),
        depth=depth,
        width=width,
        rows=y.shape[0],
        columns=y.shape[1],
        out_start=0,
        out_row=y.shape[1] * filters,
        out_column=filters,
        tile=tile,
        paired=paired,
    )
    return [*pack, row_bands.launch(x, packed, y, batch, target)]


def emit_im2col(op: Convolution, batch: int, target: Target) -> list[Launch]:
    """Windows gathered as rows of a matrix, times the weights as they are."""
    x, w = op.inputs
    y = op.outputs[0]
    kernel_height, kernel_width, _, filters = w.shape
    output = (y.shape[0], y.shape[1])
    windows, gathering = gather_windows(x, op.geometry, (kernel_height, kernel_width), output, batch)
    positions, steps = windows.shape
    rows = batch * positions
    return [gathering, product(windows, (steps, 1), w, filters, y, rows, steps, filters, target)]


def emit_product(op: Convolution, rows: int, target: Target, tile: Tile | None = None) -> list[Launch]:
    """Of a convolution that is a product of ``rows`` rows of x."""
    x, w = op.inputs
    filters = w.shape[-1]
    steps = w.values // filters
    return [product(x, (steps, 1), w, filters, op.outputs[0], rows, steps, filters, target, tile)]


def emit_packed_product(op: Convolution, rows: int, target: Target) -> list[Launch]:
    """The same with the weights packed into panels first."""
    x, w = op.inputs
    filters = w.shape[-1]
    return product_in_panels(x, w, (filters, 1), op.outputs[0], rows, w.values // filters, filters, target)


def packed_input_gradient(op: ConvolutionInputGradient, rows: int, target: Target) -> list[Launch]:
    """Of a convolution that is a product of ``rows`` rows of x, with weights packed into panels."""
    dy, w = op.inputs
    filters = w.shape[-1]
    inputs = w.values // filters
    return product_in_panels(dy, w, (1, filters), op.outputs[0], rows, filters, inputs, target)


def product_input_gradient(
    op: ConvolutionInputGradient, rows: int, target: Target, tile: Tile | None = None
) -> list[Launch]:
    """Of a convolution that is a product of ``rows`` rows of x, with transposed weights."""
    dy, w = op.inputs
    filters = w.shape[-1]
    inputs = w.values // filters
    turned, turning = transpose(w, inputs, filters, target)
    return [
        turning,
        product(dy, (filters, 1), turned, inputs, op.outputs[0], rows, filters, inputs, target, tile),
    ]


def dot_product_input_gradient(op: ConvolutionInputGradient, rows: int, target: Target) -> list[Launch]:
    """The same without moving a weight: every number is a sum over lanes."""
    dy, w = op.inputs
    filters = w.shape[-1]
    return [dot_product(dy, w, op.outputs[0], rows, filters, w.values // filters, target)]


def direct_input_gradient(
    op: ConvolutionInputGradient,
    batch: int,
    target: Target,
    tile: Tile | None = None,
    *,
    paired: bool = False,
) -> list[Launch]:
    """The phases one after the other, of a convolution without dilation."""
    dy, w = op.inputs
    dx = op.outputs[0]
    launches: list[Launch] = []
    for phase in input_gradient_phases(op, dx.shape):
        packing = phase.packing._replace(tile=tile)
        packed, pack = packing.launch_pairs(w, target) if paired else packing.launch(w, target)
        row_bands = phase.row_bands._replace(tile=tile, paired=paired)
        launches += [*pack, row_bands.launch(dy, packed, dx, batch, target)]
    return [fill_zeros(dx, batch), *launches] if has_unread_inputs(op) else launches


def has_unread_inputs(op: ConvolutionInputGradient) -> bool:
    """Whether a stride leaves inputs between the windows, whose gradient is 0."""
    kernel_height, kernel_width = op.inputs[1].shape[:2]
    return op.geometry.stride.height > kernel_height or op.geometry.stride.width > kernel_width


class Phase(NamedTuple):
    """The inputs of one phase of a stride as a convolution of stride 1, and its weights."""

    packing: Packing
    row_bands: RowBands


def input_gradient_phases(op: ConvolutionInputGradient, shape: tuple[int, ...]) -> list[Phase]:
    """The phases of the input's gradient; ``shape`` is the input's height, width and channels."""
    stride = op.geometry.stride
    phases = (
        _phase(op, shape, row, column) for row in range(stride.height) for column in range(stride.width)
    )
    return [phase for phase in phases if phase is not None]


def _phase(op: ConvolutionInputGradient, shape: tuple[int, ...], row: int, column: int) -> Phase | None:
    """The inputs whose kernel taps are ``row`` and ``column`` plus multiples of the stride.

    With i + P = S*q + row, dx[i] = sum over t of dy[q - t] * w[row + S*t]: a convolution of dy
    with the taps in reverse.
    """
    kernel_height, kernel_width, depth, filters = op.inputs[1].shape
    stride, padding, groups = op.geometry[:3]
    height, broad, channels = shape
    taps_high, taps_wide = (
        blocks(kernel_height - row, stride.height),
        blocks(kernel_width - column, stride.width),
    )
    first_row, first_column = (row - padding.top) % stride.height, (column - padding.left) % stride.width
    rows = blocks(height - first_row, stride.height)
    columns = blocks(broad - first_column, stride.width)
    if taps_high < 1 or taps_wide < 1 or rows < 1 or columns < 1:
        return None
    width = filters // groups
    tap_row, tap_column = kernel_width * depth * filters, depth * filters
    last_tap = (row + stride.height * (taps_high - 1)) * tap_row
    last_tap += (column + stride.width * (taps_wide - 1)) * tap_column
    packing = Packing(
        groups,
        (taps_high, taps_wide, width),
        depth,
        strides=(-stride.height * tap_row, -stride.width * tap_column, 1, filters),
        group_stride=width,
        start=last_tap,
    )
    row_bands = RowBands(
        stride=Size(1, 1),
        top=taps_high - 1 - (first_row + padding.top - row) // stride.height,
        left=taps_wide - 1 - (first_column + padding.left - column) // stride.width,
        groups=groups,
        kernel=(taps_high, taps_wide),
        depth=width,
        width=depth,
        rows=rows,
        columns=columns,
        out_start=(first_row * broad + first_column) * channels,
        out_row=stride.height * broad * channels,
        out_column=stride.width * channels,
    )
    return Phase(packing, row_bands)
