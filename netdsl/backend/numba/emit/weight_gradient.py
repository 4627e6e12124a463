"""The gradient of a convolution's weights: tiles of (kernel tap and channel) x filters."""

from __future__ import annotations

from netdsl.backend.numba.cpu import WIDTH, cpu
from netdsl.backend.numba.emit.depthwise import emit_depthwise_weight_gradient, is_depthwise
from netdsl.backend.numba.emit.dilation import dilated_shape, gather_taps, undilated
from netdsl.backend.numba.emit.matmul import product
from netdsl.backend.numba.emit.panels import (
    BAND_FLOATS,
    ITEMS,
    Panels,
    panels_of,
    rows_of_product,
    split_evenly,
)
from netdsl.backend.numba.emit.reduction import sum_parts
from netdsl.backend.numba.kernel import Argument, Kernel, Launch, Place, Scratch, blocks, indented, kernel
from netdsl.primitives.convolution import ConvolutionWeightGradient
from netdsl.primitives.tensor import Tensor


def emit_convolution_weight_gradient(op: ConvolutionWeightGradient, batch: int) -> list[Launch]:
    """Tiles of (kernel tap and channel) x filters, summed along the output positions."""
    x, dy = op.inputs
    dw = op.outputs[0]
    if op.geometry.dilation != (1, 1):
        shape = dilated_shape(dw.shape, op.geometry)
        spread = Tensor(f"{dw.name}.dilated", shape, batched=False)
        plain = ConvolutionWeightGradient(spread, x, dy, undilated(op.geometry))
        launches = emit_convolution_weight_gradient(plain, batch)
        return [*launches, gather_taps(spread, dw, op.geometry)]
    if is_depthwise(op.geometry, x.shape[2], dw):
        return emit_depthwise_weight_gradient(x, dy, dw, op.geometry, batch)
    rows = rows_of_product(op.geometry, x.shape, dw.shape)
    kernel_height, kernel_width, depth, filters = dw.shape
    if rows and (rows == 1 or dw.values >= 2**14):  # smaller ones are cut along the images instead
        inputs = kernel_height * kernel_width * depth
        return [product(x, (1, inputs), dy, filters, dw, inputs, rows * batch, filters)]
    groups = op.geometry.groups
    panels = panels_of(filters // groups)
    high, wide = _tap_tile(kernel_height, kernel_width * depth, panels.vectors)
    tap_blocks = blocks(kernel_height, high)
    chunks = _chunks(batch, tap_blocks * panels.total * groups, dw.values)
    target = dw
    if chunks > 1:
        target = Tensor(f"{dw.name}.parts", (chunks, *dw.shape), batched=False)
    launch = _weight_gradient(op, target, batch, chunks, (high, wide), panels)
    return [launch] if chunks == 1 else [launch, *sum_parts(dw, target, chunks)]


def _tap_tile(kernel_height: int, kernel_row: int, vectors: int) -> tuple[int, int]:
    """Kernel rows x values of a kernel row in one tile."""
    most = cpu().accumulators // vectors
    if kernel_row > most // 2:
        return 1, split_evenly(kernel_row, most)[0]
    return min(kernel_height, most // kernel_row), kernel_row


def _chunks(batch: int, items: int, dw_values: int) -> int:
    """Parts of the batch that sum by themselves: more items for the threads, while they are small."""
    if items >= ITEMS or dw_values > 2**18:
        return 1
    return max(1, min(batch, blocks(ITEMS, items), 2**20 // dw_values))


def _weight_gradient(
    op: ConvolutionWeightGradient,
    target: Tensor,
    batch: int,
    chunks: int,
    tap: tuple[int, int],
    panels: Panels,
) -> Launch:
    x, dy = op.inputs
    stride, padding, groups = op.geometry[:3]
    kernel_height, kernel_width, depth, filters = op.outputs[0].shape
    height, width, channels = x.shape
    out_high, out_wide, _ = dy.shape
    needed_wide = (out_wide - 1) * stride.width + kernel_width
    needed_high = (out_high - 1) * stride.height + kernel_height
    inside = not any(padding) and needed_high <= height and needed_wide <= width
    copies = not inside or groups > 1
    row_floats = needed_wide * depth if copies else width * channels
    fitting = (BAND_FLOATS // row_floats - kernel_height) // stride.height + 1
    band = max(1, min(out_high, max(fitting, 4)))
    scratch = ((band - 1) * stride.height + kernel_height) * row_floats if copies else 0
    high, wide = tap
    arguments: tuple[Argument, ...] = (
        Place(x),
        Place(dy),
        Place(target),
        height,
        width,
        channels,
        groups,
        batch,
        chunks,
        out_high,
        out_wide,
        kernel_height,
        kernel_width * depth,
        stride.height,
        stride.width * depth,
        padding.top,
        padding.left,
        depth,
        row_floats,
        band,
        filters,
        filters // groups,
        panels.total,
        blocks(kernel_height, high),
        *((Scratch(), scratch) if copies else ()),
    )
    items = chunks * groups * panels.total * blocks(kernel_height, high)
    built = _weight_gradient_kernel(panels, high, wide, kernel_height, kernel_width * depth, copies)
    return Launch(built, arguments, items, (target,), scratch)


_GRADIENT_ARGUMENTS = [
    f"{name} = integer(arguments, {number})"
    for number, name in enumerate(
        [
            "x",
            "dy",
            "dw",
            "height",
            "width",
            "channels",
            "groups",
            "batch",
            "chunks",
            "out_rows",
            "out_columns",
            "kernel_rows",
            "kernel_row",
            "stride_row",
            "stride_column",
            "top",
            "left",
            "depth",
            "row_floats",
            "band",
            "filters",
            "group_filters",
            "panels",
            "tap_blocks",
        ]
    )
]


def _weight_gradient_kernel(
    panels: Panels, high: int, wide: int, kernel_height: int, kernel_row: int, copies: bool
) -> Kernel:
    body = [
        *_GRADIENT_ARGUMENTS,
        *(
            ["scratch = integer(arguments, 24) + worker * integer(arguments, 25) * 4"]
            if copies
            else ["scratch = 0"]
        ),
        "for item in range(first, last):",
        "    chunk = item // (groups * panels * tap_blocks)",
        "    rest = item - chunk * groups * panels * tap_blocks",
        "    group = rest // (panels * tap_blocks)",
        "    rest -= group * panels * tap_blocks",
        "    panel = rest // tap_blocks",
        f"    tap_row = (rest - panel * tap_blocks) * {high}",
        f"    filter_start = group * group_filters + panel * {panels.width}",
        "    result = dw + (chunk * kernel_rows * kernel_row * filters + filter_start) * 4",
        "    started = 0",
        "    for image in range(batch * chunk // chunks, batch * (chunk + 1) // chunks):",
        "        source = x + image * height * width * channels * 4",
        "        for top_row in range(0, out_rows, band):",
        "            band_rows = min(band, out_rows - top_row)",
        "            b = dy + ((image * out_rows + top_row) * out_columns * filters + filter_start) * 4",
        *(
            _COPY_TAPS
            if copies
            else ["            band_start = source + top_row * stride_row * row_floats * 4"]
        ),
    ]
    full = _tap_tiles(high, wide, kernel_height, kernel_row, panels.vectors, WIDTH)
    tail = _tap_tiles(high, wide, kernel_height, kernel_row, panels.tail_vectors, panels.tail_lanes)
    if panels.whole and panels.tail_vectors:
        body += [
            f"            if (panel + 1) * {panels.width} <= group_filters:",
            *(f"                {line}" for line in full),
            "            else:",
            *(f"                {line}" for line in tail),
        ]
    else:
        body += [f"            {line}" for line in (full if panels.whole else tail)]
    body.append("            started = 1")
    return kernel("weight_gradient", indented(body, 1) + "\n")


_COPY_TAPS = [
    "            band_start = scratch",
    "            copy_band(source + group * depth * 4, scratch, height, width, channels, depth,",
    "                      top_row * stride_row - top, left,",
    "                      (band_rows - 1) * stride_row + kernel_rows, row_floats // depth)",
]


def _tap_tiles(
    high: int, wide: int, kernel_height: int, kernel_row: int, vectors: int, lanes: int
) -> list[str]:
    def call(tall: int, broad: int, place: str) -> str:
        return (
            f"tile({tall}, {broad}, {vectors}, {lanes}, a + {place} * 4, row_floats, 1, stride_column, "
            "stride_row * row_floats, b, filters, out_columns * filters, "
            f"result + (tap_row * kernel_row + {place}) * filters * 4, kernel_row * filters, filters, "
            "band_rows, out_columns, started)"
        )

    def along(tall: int) -> list[str]:
        whole, rest = divmod(kernel_row, wide)
        lines = [f"for place in range(0, {whole * wide}, {wide}):", f"    {call(tall, wide, 'place')}"]
        return [*lines, call(tall, rest, str(whole * wide))] if rest else lines

    lines = ["a = band_start + tap_row * row_floats * 4"]
    left_over = kernel_height % high
    if not left_over:
        return [*lines, *along(high)]
    return [
        *lines,
        f"if tap_row + {high} <= kernel_rows:",
        *(f"    {line}" for line in along(high)),
        "else:",
        *(f"    {line}" for line in along(left_over)),
    ]
