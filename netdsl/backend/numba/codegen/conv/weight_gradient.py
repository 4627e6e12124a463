"""The gradient of a convolution's weights: tiles of (kernel tap and channel) x filters."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.codegen.conv.im2col import gather_windows
from netdsl.backend.numba.codegen.gemm.bfloat16_packing import pairs_of_positions, pairs_of_rows
from netdsl.backend.numba.codegen.gemm.matmul import product, product_of_images
from netdsl.backend.numba.codegen.gemm.packing import (
    ITEMS,
    Panels,
    Tile,
    panels_of,
    split_evenly,
)
from netdsl.backend.numba.codegen.reduction import MOST_PART_VALUES, sum_parts
from netdsl.backend.numba.kernel import (
    Arguments,
    Kernel,
    Launch,
    PerWorker,
    blocks,
    indented,
    kernel,
    named,
)
from netdsl.backend.numba.target import Target
from netdsl.primitives.convolution import ConvolutionWeightGradient
from netdsl.primitives.tensor import Tensor

LEAST_SUMMED = 64
"""Outputs of a band that are worth reading and writing the sums of all weights once more."""

LEAST_PARTS = 4
"""Parts that have to fit, or the batch is not divided."""


def im2col_weight_gradient(op: ConvolutionWeightGradient, batch: int, target: Target) -> list[Launch]:
    """Windows gathered as rows of a matrix, transposed, times dy."""
    x, dy = op.inputs
    dw = op.outputs[0]
    kernel_height, kernel_width, _, filters = dw.shape
    output = (dy.shape[0], dy.shape[1])
    windows, gathering = gather_windows(x, op.geometry, (kernel_height, kernel_width), output, batch)
    positions, taps = windows.shape
    rows = positions * batch
    return [gathering, product(windows, (1, taps), dy, filters, dw, taps, rows, filters, target)]


def product_weight_gradient(
    op: ConvolutionWeightGradient, rows: int, target: Target, tile: Tile | None = None
) -> list[Launch]:
    """Of a convolution that is a product of ``rows`` rows of x."""
    x, dy = op.inputs
    dw = op.outputs[0]
    filters = dw.shape[-1]
    inputs = dw.values // filters
    return [product(x, (1, inputs), dy, filters, dw, inputs, rows, filters, target, tile)]


def packed_weight_gradient(op: ConvolutionWeightGradient, batch: int, target: Target) -> list[Launch]:
    """The same with images and gradients packed into panels."""
    x, dy = op.inputs
    return product_of_images(x, dy, op.outputs[0], batch, target)


def direct_weight_gradient(
    op: ConvolutionWeightGradient,
    batch: int,
    target: Target,
    tile: Tile | None = None,
    *,
    paired: bool = False,
) -> list[Launch]:
    """Along the images, which are cut into parts where there are few weights."""
    dw = op.outputs[0]
    kernel_height, kernel_width, depth, filters = dw.shape
    groups = op.geometry.groups
    panels = panels_of(filters // groups, target, tile)
    tap = _tap_tile(kernel_height, kernel_width * depth, panels.vectors, target)
    task = _Task(op, dw, batch, 1, tap, panels, whole=False)
    shared = min(blocks(ITEMS, batch * groups), task.most_shared())
    if dw.values <= target.second_cache_floats and batch * groups * shared >= ITEMS // 2:
        chunks = min(batch * shared, blocks(ITEMS, groups))
        task = task._replace(chunks=chunks, whole=True, shared=shared)
    else:
        items = blocks(kernel_height, tap[0]) * panels.total * groups
        chunks = _chunks(batch, items, dw.values)
        together = max(1, min(panels.total, items * chunks // ITEMS))
        task = task._replace(chunks=chunks, together=together)
    if chunks > 1:
        task = task._replace(output=Tensor(f"{dw.name}.parts", (chunks, *dw.shape), batched=False))
    launches = _weight_gradient_in_pairs(task, target) if paired else [_weight_gradient(task, target)]
    return launches if chunks == 1 else [*launches, *sum_parts(dw, task.output, chunks, target)]


def _tap_tile(kernel_height: int, kernel_row: int, vectors: int, target: Target) -> tuple[int, int]:
    """Kernel rows x values of a kernel row in one tile."""
    most = target.accumulators // vectors
    if kernel_row > most // 2:
        return 1, split_evenly(kernel_row, most)[0]
    return min(kernel_height, most // kernel_row), kernel_row


def _chunks(batch: int, items: int, dw_values: int) -> int:
    """Parts of the batch that sum by themselves: more items for the threads, while they are small."""
    if items >= ITEMS or dw_values > MOST_PART_VALUES // LEAST_PARTS:
        return 1
    return max(1, min(batch, blocks(ITEMS, items), MOST_PART_VALUES // dw_values))


class _Task(NamedTuple):
    """A gradient to ``output``, in ``chunks`` parts of all bands; ``tap`` is rows x numbers of a tile.

    A work item takes all weights of a group if ``whole``, else some rows of taps and about ``together``
    panels of filters, which share the band. An image has at least ``shared`` bands.
    """

    op: ConvolutionWeightGradient
    output: Tensor
    batch: int
    chunks: int
    tap: tuple[int, int]
    panels: Panels
    whole: bool
    shared: int = 1
    together: int = 1

    def most_shared(self) -> int:
        """Bands that an image has at most, each with enough outputs to sum."""
        out_high, out_wide, _ = self.op.inputs[1].shape
        return max(1, out_high // blocks(LEAST_SUMMED, out_wide))

    @property
    def needed(self) -> tuple[int, int]:
        """Rows and columns of the image, border included, that windows see."""
        stride, (high, wide) = self.op.geometry.stride, self.op.outputs[0].shape[:2]
        out_high, out_wide, _ = self.op.inputs[1].shape
        return (out_high - 1) * stride.height + high, (out_wide - 1) * stride.width + wide

    def band(self, row_floats: int, target: Target) -> int:
        """Output rows whose images stay in cache, and whose gradients of a panel of filters do."""
        out_high, out_wide, filters = self.op.inputs[1].shape
        kernel_height, stride = self.op.outputs[0].shape[0], self.op.geometry.stride
        fitting = (target.first_cache_floats // row_floats - kernel_height) // stride.height + 1
        panel_row = out_wide * min(filters // self.op.geometry.groups, self.panels.width)
        rows = max(4, min(fitting, target.first_cache_floats // panel_row))
        return max(1, min(out_high // self.shared, rows))


class _Source(NamedTuple):
    """Where a gradient reads images: ``row`` numbers a row; ``copies`` them band by band if asked for."""

    x: Tensor
    dy: Tensor
    row: int
    copies: bool
    paired: bool


def _weight_gradient(task: _Task, target: Target) -> Launch:
    x, dy = task.op.inputs
    height, width, channels = x.shape
    needed_high, needed_wide = task.needed
    groups = task.op.geometry.groups
    inside = not any(task.op.geometry.padding) and needed_high <= height and needed_wide <= width
    copies = not inside or groups > 1
    row = needed_wide * (channels // groups) if copies else width * channels
    return _launch(task, _Source(x, dy, row, copies, paired=False), target)


def _weight_gradient_in_pairs(task: _Task, target: Target) -> list[Launch]:
    """Two neighbouring output positions at a time: images and gradients are paired beforehand."""
    x, dy = task.op.inputs
    out_high, out_wide, filters = dy.shape
    rows, columns = task.needed
    paired_x, pairing_x = pairs_of_positions(x, task.op.geometry, rows, columns, task.batch)
    paired_dy, pairing_dy = pairs_of_rows(dy, task.batch * out_high, out_wide, filters)
    source = _Source(paired_x, paired_dy, paired_x.shape[-1], copies=False, paired=True)
    return [pairing_x, pairing_dy, _launch(task, source, target)]


def _launch(task: _Task, source: _Source, target: Target) -> Launch:
    op, output, batch, chunks, (high, _), panels, whole, _, together = task
    stride, padding, groups = op.geometry[:3]
    kernel_height, kernel_width, depth, filters = op.outputs[0].shape
    height, width, channels = op.inputs[0].shape
    out_high, out_wide, _ = op.inputs[1].shape
    band = task.band(source.row, target)
    scratch = ((band - 1) * stride.height + kernel_height) * source.row if source.copies else 0
    image = source.x.values // groups if source.paired else height * width * channels
    given = named(
        x=source.x,
        dy=source.dy,
        dw=output,
        height=height,
        width=width,
        channels=channels,
        groups=groups,
        batch=batch,
        chunks=chunks,
        out_rows=out_high,
        out_columns=blocks(out_wide, 2) if source.paired else out_wide,
        kernel_rows=kernel_height,
        kernel_row=kernel_width * depth,
        stride_row=stride.height,
        stride_column=stride.width * depth,
        top=padding.top,
        left=padding.left,
        depth=depth,
        row_floats=source.row,
        band=band,
        filters=filters,
        group_filters=filters // groups,
        panels=panels.total,
        panel_blocks=blocks(panels.total, together),
        tap_blocks=blocks(kernel_height, high),
        image_size=image,
        **({"scratch": PerWorker(scratch)} if source.copies else {}),
    )
    items = chunks * groups * (1 if whole else blocks(panels.total, together) * blocks(kernel_height, high))
    built = _weight_gradient_kernel(task, source, given, (kernel_height, kernel_width * depth), target)
    return Launch(built, given.values, items, (output,), scratch)


def _weight_gradient_kernel(
    task: _Task, source: _Source, given: Arguments, kernel_shape: tuple[int, int], target: Target
) -> Kernel:
    # An image of pairs has its groups one after the other.
    number = "(image * groups + group)" if source.paired else "image"
    body = [
        *given.lines,
        *([] if source.copies else ["scratch = 0"]),
        "for item in range(first, last):",
        *(_WHOLE_ITEM if task.whole else _part_of_item(task.tap[0])),
        "    started = 0",
        "    bands = (out_rows + band - 1) // band",
        "    for unit in range(batch * bands * chunk // chunks, batch * bands * (chunk + 1) // chunks):",
        "        image = unit // bands",
        "        top_row = (unit - image * bands) * band",
        f"        source = x + {number} * image_size * 4",
        "        band_rows = min(band, out_rows - top_row)",
        *(
            _COPY_TAPS
            if source.copies
            else ["        band_start = source + top_row * stride_row * row_floats * 4"]
        ),
        "        for panel in range(first_panel, last_panel):",
        f"            filter_start = group * group_filters + panel * {task.panels.width}",
        "            b = dy + ((image * out_rows + top_row) * out_columns * filters + filter_start) * 4",
        "            result = dw + (chunk * kernel_rows * kernel_row * filters + filter_start) * 4",
        f"            for tap_row in range(first_tap_row, last_tap_row, {task.tap[0]}):",
    ]
    panels = task.panels
    full = _tap_tiles(task.tap, kernel_shape, panels.vectors, str(target.width), source.paired)
    lanes = panels.lanes_of_tail("group_filters")
    tail = _tap_tiles(task.tap, kernel_shape, panels.tail_vectors, lanes, source.paired)
    body += [f"                {line}" for line in panels.by_width("group_filters", full, tail)]
    body.append("        started = 1")
    return kernel("weight_gradient", indented(body, 1) + "\n")


_WHOLE_ITEM = [
    "    chunk = item // groups",
    "    group = item - chunk * groups",
    "    first_panel, last_panel, first_tap_row, last_tap_row = 0, panels, 0, kernel_rows",
]


def _part_of_item(tap_rows: int) -> list[str]:
    """Which weights an item takes: some panels of filters, and ``tap_rows`` rows of taps."""
    return [
        "    chunk = item // (groups * panel_blocks * tap_blocks)",
        "    rest = item - chunk * groups * panel_blocks * tap_blocks",
        "    group = rest // (panel_blocks * tap_blocks)",
        "    rest -= group * panel_blocks * tap_blocks",
        "    panel_block = rest // tap_blocks",
        "    first_panel = panels * panel_block // panel_blocks",
        "    last_panel = panels * (panel_block + 1) // panel_blocks",
        f"    first_tap_row = (rest - panel_block * tap_blocks) * {tap_rows}",
        f"    last_tap_row = min(first_tap_row + {tap_rows}, kernel_rows)",
    ]


_COPY_TAPS = [
    "        band_start = scratch",
    "        copy_band(source + group * depth * 4, scratch, height, width, channels, depth,",
    "                  top_row * stride_row - top, left,",
    "                  (band_rows - 1) * stride_row + kernel_rows, row_floats // depth)",
]


def _tap_tiles(
    tap: tuple[int, int], kernel_shape: tuple[int, int], vectors: int, lanes: str, paired: bool
) -> list[str]:
    (high, wide), (kernel_height, kernel_row) = tap, kernel_shape

    def call(tall: int, broad: int, tap: str) -> str:
        # Steps go from pair to pair of positions; tile_pairs counts strides of A in halves of 32 bits.
        strides = "row_floats * 2, 2, stride_column * 4, stride_row * row_floats * 2"
        if not paired:
            strides = "row_floats, 1, stride_column, stride_row * row_floats"
        return (
            f"{'tile_pairs' if paired else 'tile'}({tall}, {broad}, {vectors}, {lanes}, a + {tap} * 4, "
            f"{strides}, b, filters, out_columns * filters, "
            f"result + (tap_row * kernel_row + {tap}) * filters * 4, kernel_row * filters, filters, "
            "band_rows, out_columns, started)"
        )

    def tiles_of_row(tall: int) -> list[str]:
        # Up to the end of what is whole: the kernel's row is an argument, and shared by kernels of any depth.
        rest = kernel_row % wide
        end = f"kernel_row - {rest}" if rest else "kernel_row"
        lines = [f"for place in range(0, {end}, {wide}):", f"    {call(tall, wide, 'place')}"]
        return [*lines, call(tall, rest, f"({end})")] if rest else lines

    lines = ["a = band_start + tap_row * row_floats * 4"]
    left_over = kernel_height % high
    if not left_over:
        return [*lines, *tiles_of_row(high)]
    return [
        *lines,
        f"if tap_row + {high} <= kernel_rows:",
        *(f"    {line}" for line in tiles_of_row(high)),
        "else:",
        *(f"    {line}" for line in tiles_of_row(left_over)),
    ]
