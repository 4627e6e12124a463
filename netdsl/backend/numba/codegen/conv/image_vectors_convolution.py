"""Convolutions of few channels, 16 images (a vector's width) at once: every lane is another image.

x, y and their gradients are [images/WIDTH][height][width][channels][WIDTH]; a pixel of WIDTH images is
``channels * WIDTH`` numbers. Weights keep their order; all images share them.
"""

from __future__ import annotations

from netdsl.backend.numba.codegen.conv.convolution import input_gradient_phases
from netdsl.backend.numba.codegen.conv.row_bands import RowBands
from netdsl.backend.numba.codegen.gemm.packing import ITEMS, Packing, panels_of, split_evenly
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
from netdsl.backend.numba.target import MOST_UNROLLED, Target
from netdsl.primitives.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionWeightGradient,
)
from netdsl.primitives.tensor import Tensor


def _most_filters(target: Target) -> int:
    """Of one tile; the rest of the registers are positions."""
    return 8 if target.registers >= 32 else 6


def _band_floats(target: Target) -> int:
    """Numbers of a band of padded rows."""
    return target.second_cache_floats // 2


def emit_image_vectors_convolution(op: Convolution, groups_of_images: int, target: Target) -> list[Launch]:
    """Forward: as many filters as fit a tile, times neighbouring positions."""
    x, w = op.inputs
    y = op.outputs[0]
    kernel_height, kernel_width, depth, filters = w.shape
    packing = Packing(
        1,
        (kernel_height, kernel_width, depth),
        filters,
        strides=(kernel_width * depth * filters, depth * filters, filters, 1),
        group_stride=filters,
    )
    packed, pack = packing.launch(w, target)
    row_bands = RowBands(
        stride=op.geometry.stride,
        top=op.geometry.padding.top,
        left=op.geometry.padding.left,
        groups=1,
        kernel=(kernel_height, kernel_width),
        depth=depth,
        width=filters,
        rows=y.shape[0],
        columns=y.shape[1],
        out_start=0,
        out_row=y.shape[1] * filters * target.width,
        out_column=filters * target.width,
    )
    return [*pack, image_vectors_bands(row_bands, x, packed, y, groups_of_images, target)]


def image_vectors_bands(
    row_bands: RowBands, x: Tensor, packed: Tensor, y: Tensor, groups_of_images: int, target: Target
) -> Launch:
    """A convolution by bands of rows; ``x`` and ``y`` have WIDTH numbers for each channel.

    Taps beyond the edge are left out instead of multiplied by zeros: columns whose windows hang over
    go one by one, those between in tiles.
    """
    height, width, pixel = x.shape
    high, wide = row_bands.kernel
    inner = min(blocks(row_bands.left, row_bands.stride.width), row_bands.columns)
    inner_end = min(row_bands.columns, (width + row_bands.left - wide) // row_bands.stride.width + 1)
    band = max(1, min(row_bands.rows, blocks(row_bands.rows, blocks(ITEMS, groups_of_images))))
    bands = blocks(row_bands.rows, band)
    given = named(
        x=x,
        packed=packed,
        y=y,
        height=height,
        width=width,
        pixel=pixel,
        bands=bands,
        band=band,
        rows=row_bands.rows,
        columns=row_bands.columns,
        kernel_rows=high,
        kernel_columns=wide,
        depth=row_bands.depth,
        stride_row=row_bands.stride.height,
        stride_column=row_bands.stride.width,
        top=row_bands.top,
        left=row_bands.left,
        inner=inner,
        inner_end=max(inner, inner_end),
        out_start=row_bands.out_start,
        out_image=y.values,
        out_row=row_bands.out_row,
        out_column=row_bands.out_column,
        lanes=panels_of(row_bands.width, target).width,
    )
    seen_rows = (
        row_bands.top < high and (row_bands.rows - 1) * row_bands.stride.height - row_bands.top < height
    )
    whole = seen_rows and inner == 0 and inner_end == row_bands.columns
    built = _bands_kernel(
        given, row_bands.width, max(0, inner_end - inner), wide * row_bands.depth, target, whole=whole
    )
    return Launch(built, given.values, groups_of_images * bands, (y,))


def _bands_kernel(
    given: Arguments, filters: int, inner_columns: int, kernel_row: int, target: Target, *, whole: bool
) -> Kernel:
    """``whole``: every window has all of its columns, and a row at least."""
    steps = str(kernel_row) if kernel_row <= MOST_UNROLLED else "kernel_columns * depth"
    filters_size, filters_whole, filters_rest = split_evenly(filters, _most_filters(target))
    parts = [(number * filters_size, filters_size) for number in range(filters_whole)]
    if filters_rest:
        parts.append((filters_whole * filters_size, filters_rest))
    size, _, rest = split_evenly(max(1, inner_columns), target.accumulators // filters_size)

    lanes = target.width

    def tiles(columns: int, a: str, b: str, steps: str) -> list[str]:
        return [
            f"lane_tile({count}, {columns}, {a} + {first * 4}, lanes, kernel_columns * depth * lanes, "
            f"{b}, stride_column * pixel, {lanes}, width * pixel, out + {first * lanes * 4}, out_column, "
            f"runs, {steps})"
            for first, count in parts
        ]

    inside = ["out = c + column * out_column * 4", "b = line + (column * stride_column - left) * pixel * 4"]
    body = [
        *given.lines,
        "scratch = 0",
        "for item in range(first, last):",
        "    image = item // bands",
        "    top_row = (item - image * bands) * band",
        "    source = x + image * height * width * pixel * 4",
        "    y_image = y + (out_start + image * out_image) * 4",
        "    for row in range(top_row, min(top_row + band, rows)):",
        "        start = row * stride_row - top",
        "        skipped = max(0, -start)",
        "        runs = min(kernel_rows, height - start) - skipped",
        "        a = packed + skipped * kernel_columns * depth * lanes * 4",
        "        line = source + (start + skipped) * width * pixel * 4",
        "        c = y_image + row * out_row * 4",
        "        column = 0",
        "        while column < columns:",
    ]

    def window_tiles(columns: int) -> list[str]:
        lines = [*inside, *tiles(columns, "a", "b", steps), f"column += {columns}"]
        return [f"                {line}" for line in lines]

    seen = "" if whole else "runs > 0 and inner <= column and "
    end = "columns" if whole else "inner_end"
    body += [f"            if {seen}column + {size} <= {end}:", *window_tiles(size)]
    if rest:
        body += [f"            elif {seen}column + {rest} == {end}:", *window_tiles(rest)]
    edge = tiles(
        1, "a + before * depth * lanes * 4", "line + max(0, left_column) * pixel * 4", "taps * depth"
    )
    if not whole:
        body += [
            "            else:",
            "                out = c + column * out_column * 4",
            "                left_column = column * stride_column - left",
            "                before = max(0, -left_column)",
            "                taps = min(kernel_columns, width - left_column) - before",
            "                if runs > 0 and taps > 0:",
            *(f"                    {line}" for line in edge),
            "                else:",
            f"                    clear(out, {filters * target.width})",
            "                column += 1",
        ]
    return kernel("lanes_convolve", indented(body, 1) + "\n")


def emit_image_vectors_weight_gradient(
    op: ConvolutionWeightGradient, groups_of_images: int, target: Target
) -> list[Launch]:
    """Tiles of (tap and channel) x filters whose sums run over positions and lanes."""
    x, dy = op.inputs
    dw = op.outputs[0]
    kernel_height, kernel_width, depth, filters = dw.shape
    stride, padding = op.geometry.stride, op.geometry.padding
    height, width, pixel = x.shape
    out_high, out_wide, _ = dy.shape
    needed_wide = (out_wide - 1) * stride.width + kernel_width
    needed_high = (out_high - 1) * stride.height + kernel_height
    copies = any(padding) or needed_high > height or needed_wide > width
    row_floats = (needed_wide if copies else width) * pixel
    fitting = (_band_floats(target) // row_floats - kernel_height) // stride.height + 1
    band = max(1, min(out_high, max(fitting, 4))) if copies else out_high
    scratch = ((band - 1) * stride.height + kernel_height) * row_floats if copies else 0
    chunks = max(1, min(groups_of_images, blocks(ITEMS, kernel_height), MOST_PART_VALUES // dw.values))
    output = dw if chunks == 1 else Tensor(f"{dw.name}.parts", (chunks, *dw.shape), batched=False)
    given = named(
        x=x,
        dy=dy,
        dw=output,
        height=height,
        width=width,
        pixel=pixel,
        images=groups_of_images,
        chunks=chunks,
        out_rows=out_high,
        out_columns=out_wide,
        kernel_rows=kernel_height,
        kernel_row=kernel_width * depth,
        stride_row=stride.height,
        stride_column=stride.width * pixel,
        top=padding.top,
        left=padding.left,
        row_floats=row_floats,
        band=band,
        filters=filters,
        **({"scratch": PerWorker(scratch)} if copies else {}),
    )
    built = _gradient_kernel(given, kernel_width * depth, filters, copies, target)
    launch = Launch(built, given.values, chunks * kernel_height, (output,), scratch)
    return [launch] if chunks == 1 else [launch, *sum_parts(dw, output, chunks, target)]


def _gradient_kernel(given: Arguments, kernel_row: int, filters: int, copies: bool, target: Target) -> Kernel:
    most = 4 if target.accumulators >= 24 else 3
    broad, across, across_rest = split_evenly(filters, target.accumulators // most)
    tall, _, down_rest = split_evenly(kernel_row, target.accumulators // broad)
    end = f"kernel_row - {down_rest}" if down_rest else "kernel_row"
    body = [
        *given.lines,
        *([] if copies else ["scratch = 0"]),
        "for item in range(first, last):",
        "    chunk = item // kernel_rows",
        "    tap_row = item - chunk * kernel_rows",
        "    result = dw + (chunk * kernel_rows + tap_row) * kernel_row * filters * 4",
        "    started = 0",
        "    for image in range(images * chunk // chunks, images * (chunk + 1) // chunks):",
        "        source = x + image * height * width * pixel * 4",
        "        for top_row in range(0, out_rows, band):",
        "            band_rows = min(band, out_rows - top_row)",
        f"            b = dy + (image * out_rows + top_row) * out_columns * filters * {target.width * 4}",
        *(
            _COPY_TAPS
            if copies
            else [
                "            a = source + (top_row * stride_row + tap_row) * row_floats * 4",
            ]
        ),
    ]

    lanes = target.width

    def call(rows: int, tap: str, columns: int, first: int) -> str:
        return (
            f"lane_dot({rows}, {columns}, a + {tap} * {lanes * 4}, stride_column, stride_row * row_floats, "
            f"b + {first * lanes * 4}, filters * {lanes}, out_columns * filters * {lanes}, "
            f"result + ({tap} * filters + {first}) * 4, filters, band_rows, out_columns, started)"
        )

    def tiles_of_row(rows: int, tap: str) -> list[str]:
        calls = [call(rows, tap, broad, number * broad) for number in range(across)]
        return [*calls, call(rows, tap, across_rest, across * broad)] if across_rest else calls

    body.append(f"            for place in range(0, {end}, {tall}):")
    body += [f"                {line}" for line in tiles_of_row(tall, "place")]
    if down_rest:
        body += [f"            {line}" for line in tiles_of_row(down_rest, f"({end})")]
    body.append("            started = 1")
    return kernel("lanes_weight_gradient", indented(body, 1) + "\n")


_COPY_TAPS = [
    "            a = scratch",
    "            copy_band(source, scratch, height, width, pixel, pixel,",
    "                      top_row * stride_row + tap_row - top, left,",
    "                      (band_rows - 1) * stride_row + 1, row_floats // pixel)",
]


def emit_image_vectors_input_gradient(
    op: ConvolutionInputGradient, groups_of_images: int, target: Target
) -> list[Launch]:
    """As the direct one: S*S phases of stride 1, with the row bands of image vectors."""
    dy, w = op.inputs
    dx = op.outputs[0]
    launches = []
    for phase in input_gradient_phases(op, (dx.shape[0], dx.shape[1], w.shape[2])):
        packed, pack = phase.packing.launch(w, target)
        row_bands = phase.row_bands._replace(
            out_start=phase.row_bands.out_start * target.width,
            out_row=phase.row_bands.out_row * target.width,
            out_column=phase.row_bands.out_column * target.width,
        )
        launches += [*pack, image_vectors_bands(row_bands, dy, packed, dx, groups_of_images, target)]
    return launches
