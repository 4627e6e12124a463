"""Convolutions on register tiles, straight from the image: no unrolled copy of it is made.

A kernel row of an image in NHWC order is contiguous, so a tile of neighbouring outputs walks it
in place. Where there is padding or a group, each work item first copies the rows that it needs,
with their border of zeros, into memory of its worker.
"""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.cpu import cpu
from netdsl.backend.numba.emit.matmul import dot_product, product
from netdsl.backend.numba.emit.reduction import sum_parts
from netdsl.backend.numba.kernel import Argument, Kernel, Launch, Place, Scratch, blocks, indented, kernel
from netdsl.backend.numba.simd import WIDTH
from netdsl.primitives.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionWeightGradient,
    Geometry,
)
from netdsl.primitives.tensor import Tensor
from netdsl.quantities import Size

BAND_FLOATS = 16384
"""Rows of an image are copied in bands of about this many numbers, so that they stay in cache."""

ITEMS = 16
"""Work items that are enough to keep all threads busy to the end."""


class Panels(NamedTuple):
    """How output channels are cut into panels of ``vectors`` vectors; the last may be narrower."""

    vectors: int
    whole: int
    tail_vectors: int
    tail_lanes: int

    @property
    def total(self) -> int:
        return self.whole + (1 if self.tail_vectors else 0)

    @property
    def width(self) -> int:
        """Numbers of a whole panel."""
        return self.vectors * WIDTH


def panels_of(channels: int) -> Panels:
    """Two vectors wide where the channels fill them, else one."""
    vectors = 2 if channels > WIDTH else 1
    whole, rest = divmod(channels, vectors * WIDTH)
    tail = blocks(rest, WIDTH)
    return Panels(vectors, whole, tail, rest - (tail - 1) * WIDTH if rest else 0)


def split_evenly(extent: int, most: int) -> tuple[int, int, int]:
    """Cut an extent into equal tiles of at most ``most`` and one smaller: (size, how many, rest)."""
    tiles = blocks(extent, most)
    size = blocks(extent, tiles)
    whole, rest = divmod(extent, size)
    return size, whole, rest


def _is_product(geometry: Geometry, x: tuple[int, ...], w: tuple[int, ...]) -> int:
    """Rows per image if the convolution is a plain matrix product of rows of x, else 0."""
    if geometry.groups > 1 or any(geometry.padding):
        return 0
    if w[:2] == x[:2]:
        return 1
    return x[0] * x[1] if w[:2] == (1, 1) and geometry.stride == Size(1, 1) else 0


def emit_convolution(op: Convolution, batch: int) -> list[Launch]:
    """Pack the weights panel by panel, then walk the image."""
    x, w = op.inputs
    y = op.outputs[0]
    rows = _is_product(op.geometry, x.shape, w.shape)
    kernel_height, kernel_width, depth, filters = w.shape
    if rows:
        steps = kernel_height * kernel_width * depth
        return [product(x, (steps, 1), w, filters, y, rows * batch, steps, filters)]
    groups = op.geometry.groups
    width = filters // groups
    packing = Packing(
        groups,
        (kernel_height, kernel_width, depth),
        width,
        strides=(kernel_width * depth * filters, depth * filters, filters, 1),
        group_stride=width,
    )
    packed, pack = packing.launch(w)
    walk = Walk(
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
    )
    return [pack, walk.launch(x, packed, y, batch)]


def emit_convolution_input_gradient(op: ConvolutionInputGradient, batch: int) -> list[Launch]:
    """A stride of S splits the input into S*S phases, each a convolution of stride 1."""
    dy, w = op.inputs
    dx = op.outputs[0]
    rows = _is_product(op.geometry, dx.shape, w.shape)
    kernel_height, kernel_width, depth, filters = w.shape
    if rows:
        inputs = kernel_height * kernel_width * depth
        return [dot_product(dy, w, dx, rows * batch, filters, inputs)]
    launches: list[Launch] = []
    stride = op.geometry.stride
    for phase_row in range(stride.height):
        for phase_column in range(stride.width):
            launches += _phase(op, dy, w, dx, batch, phase_row, phase_column)
    empty = stride.height > kernel_height or stride.width > kernel_width
    return [fill_zeros(dx, batch), *launches] if empty else launches


def _phase(
    op: ConvolutionInputGradient, dy: Tensor, w: Tensor, dx: Tensor, batch: int, row: int, column: int
) -> list[Launch]:
    """The inputs whose kernel taps are ``row`` and ``column`` plus multiples of the stride.

    With i + P = S*q + row, dx[i] = sum over t of dy[q - t] * w[row + S*t]: a convolution of dy
    with the taps in reverse.
    """
    kernel_height, kernel_width, depth, filters = w.shape
    stride, padding, groups = op.geometry
    taps_high, taps_wide = (
        blocks(kernel_height - row, stride.height),
        blocks(kernel_width - column, stride.width),
    )
    first_row, first_column = (row - padding.top) % stride.height, (column - padding.left) % stride.width
    rows = blocks(dx.shape[0] - first_row, stride.height)
    columns = blocks(dx.shape[1] - first_column, stride.width)
    if taps_high < 1 or taps_wide < 1 or rows < 1 or columns < 1:
        return []
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
    packed, pack = packing.launch(w)
    _, broad, channels = dx.shape
    walk = Walk(
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
    return [pack, walk.launch(dy, packed, dx, batch)]


class Packing(NamedTuple):
    """Weights in the order in which tiles read them: [group][panel][kernel row, column, channel][lane].

    ``strides`` say how far apart the weights lie per kernel row, column, summed channel and lane.
    """

    groups: int
    steps: tuple[int, int, int]
    width: int
    strides: tuple[int, int, int, int]
    group_stride: int
    start: int = 0

    def launch(self, w: Tensor) -> tuple[Tensor, Launch]:
        """The packed tensor and the launch that fills it, zeros in lanes beyond the width."""
        panels = panels_of(self.width)
        high, wide, deep = self.steps
        steps = high * wide * deep
        packed = Tensor(f"{w.name}.packed", (self.groups * panels.total, steps, panels.width), batched=False)
        arguments = (
            Place(w),
            Place(packed),
            panels.total,
            panels.width,
            high,
            wide,
            deep,
            self.width,
            *self.strides,
            self.group_stride,
            self.start,
        )
        return packed, Launch(_PACK, arguments, self.groups * panels.total * high, (packed,))


_PACK = Kernel(
    "pack_weights",
    """def pack_weights(arguments, first, last, worker):
    w = integer(arguments, 0)
    packed = integer(arguments, 1)
    panels = integer(arguments, 2)
    lanes = integer(arguments, 3)
    high = integer(arguments, 4)
    wide = integer(arguments, 5)
    deep = integer(arguments, 6)
    width = integer(arguments, 7)
    by_row = integer(arguments, 8)
    by_column = integer(arguments, 9)
    by_channel = integer(arguments, 10)
    by_lane = integer(arguments, 11)
    by_group = integer(arguments, 12)
    start = integer(arguments, 13)
    for item in range(first, last):
        panel = item // high
        row = item - panel * high
        group = panel // panels
        lane = (panel - group * panels) * lanes
        source = w + (start + group * by_group + row * by_row + lane * by_lane) * 4
        target = packed + item * wide * deep * lanes * 4
        pack_rows(source, target, wide, by_column, deep, by_channel, lanes, min(lanes, width - lane), by_lane)
""",
)


class Walk(NamedTuple):
    """A convolution over bands of rows: where it reads, where it writes, and how it is tiled."""

    stride: Size
    top: int
    left: int
    groups: int
    kernel: tuple[int, int]
    depth: int
    width: int
    rows: int
    columns: int
    out_start: int
    out_row: int
    out_column: int

    def launch(self, x: Tensor, packed: Tensor, y: Tensor, batch: int) -> Launch:
        height, width, channels = x.shape
        high, wide = self.kernel
        needed_high = (self.rows - 1) * self.stride.height + high
        needed_wide = (self.columns - 1) * self.stride.width + wide
        inside = self.top == 0 == self.left and needed_high <= height and needed_wide <= width
        copies = not inside or self.groups > 1
        row_floats = needed_wide * self.depth if copies else width * channels
        band = self._band(row_floats, batch)
        bands = blocks(self.rows, band)
        scratch = ((band - 1) * self.stride.height + high) * row_floats if copies else 0
        arguments: tuple[Argument, ...] = (
            Place(x),
            Place(packed),
            Place(y),
            height,
            width,
            channels,
            self.groups,
            bands,
            band,
            self.rows,
            high,
            wide * self.depth,
            self.stride.height,
            self.stride.width * self.depth,
            self.top,
            self.left,
            self.depth,
            row_floats,
            self.out_start,
            y.values,
            self.out_row,
            self.out_column,
            self.width,
            panels_of(self.width).total,
            *((Scratch(), scratch) if copies else ()),
        )
        items = batch * self.groups * bands
        return Launch(self._kernel(copies), arguments, items, (y,), scratch)

    def _band(self, row_floats: int, batch: int) -> int:
        """Output rows of a work item: few enough for the cache, and enough items for the threads."""
        fitting = (BAND_FLOATS // max(1, row_floats) - self.kernel[0]) // self.stride.height + 1
        items = batch * self.groups
        sharing = blocks(self.rows, blocks(ITEMS, items)) if items < ITEMS else self.rows
        return max(1, min(self.rows, max(fitting, 4), sharing))

    def _kernel(self, copies: bool) -> Kernel:
        panels = panels_of(self.width)
        size, whole, rest = split_evenly(self.columns, cpu().accumulators // panels.vectors)
        body = [
            *_WALK_ARGUMENTS,
            *(
                ["scratch = integer(arguments, 24) + worker * integer(arguments, 25) * 4"]
                if copies
                else ["scratch = 0"]
            ),
            "for item in range(first, last):",
            "    image = item // (groups * bands)",
            "    group = (item - image * groups * bands) // bands",
            "    top_row = (item - (image * groups + group) * bands) * band",
            "    end_row = min(top_row + band, rows)",
            "    source = x + image * height * width * channels * 4",
            "    y_image = y + (out_start + image * out_image) * 4",
            *(_COPY_BAND if copies else ["    band_start = source + top_row * stride_row * row_floats * 4"]),
            "    for panel in range(panels):",
            f"        w = packed + (group * panels + panel) * kernel_rows * kernel_row * {panels.width * 4}",
            f"        column_start = y_image + (group * filters + panel * {panels.width}) * 4",
        ]
        tail = _walk_rows(size, whole, rest, panels.tail_vectors, panels.tail_lanes, panels.width)
        full = _walk_rows(size, whole, rest, panels.vectors, WIDTH, panels.width)
        if panels.whole and panels.tail_vectors:
            body += [
                f"        if (panel + 1) * {panels.width} <= filters:",
                *(f"            {line}" for line in full),
                "        else:",
                *(f"            {line}" for line in tail),
            ]
        else:
            body += [f"        {line}" for line in (full if panels.whole else tail)]
        return kernel("convolve", indented(body, 1) + "\n")


_WALK_ARGUMENTS = [
    f"{name} = integer(arguments, {number})"
    for number, name in enumerate(
        [
            "x",
            "packed",
            "y",
            "height",
            "width",
            "channels",
            "groups",
            "bands",
            "band",
            "rows",
            "kernel_rows",
            "kernel_row",
            "stride_row",
            "stride_column",
            "top",
            "left",
            "depth",
            "row_floats",
            "out_start",
            "out_image",
            "out_row",
            "out_column",
            "filters",
            "panels",
        ]
    )
]

_COPY_BAND = [
    "    band_start = scratch",
    "    copy_band(source + group * depth * 4, scratch, height, width, channels, depth,",
    "              top_row * stride_row - top, left,",
    "              (end_row - top_row - 1) * stride_row + kernel_rows, row_floats // depth)",
]


def _walk_rows(size: int, whole: int, rest: int, vectors: int, lanes: int, panel_width: int) -> list[str]:
    """The rows of a band for one panel: equal tiles of ``size`` columns, then the rest."""

    def call(columns: int, place: str) -> str:
        return (
            f"tile(1, {columns}, {vectors}, {lanes}, a + {place} * stride_column * 4, 0, stride_column, 1, "
            f"row_floats, w, {panel_width}, kernel_row * {panel_width}, c + {place} * out_column * 4, 0, "
            "out_column, kernel_rows, kernel_row, 0)"
        )

    lines = [
        "for row in range(top_row, end_row):",
        "    a = band_start + (row - top_row) * stride_row * row_floats * 4",
        "    c = column_start + row * out_row * 4",
    ]
    if whole > 1:
        lines += [f"    for column in range(0, {whole * size}, {size}):", f"        {call(size, 'column')}"]
    elif whole:
        lines += [f"    {call(size, '0')}"]
    if rest:
        lines += [f"    {call(rest, str(whole * size))}"]
    return lines


def emit_convolution_weight_gradient(op: ConvolutionWeightGradient, batch: int) -> list[Launch]:
    """Tiles of (kernel tap and channel) x filters, summed along the output positions."""
    x, dy = op.inputs
    dw = op.outputs[0]
    rows = _is_product(op.geometry, x.shape, dw.shape)
    kernel_height, kernel_width, depth, filters = dw.shape
    if rows:
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
    stride, padding, groups = op.geometry
    kernel_height, kernel_width, depth, filters = op.outputs[0].shape
    height, width, channels = x.shape
    out_high, out_wide, _ = dy.shape
    needed_wide = (out_wide - 1) * stride.width + kernel_width
    copies = any(padding) or groups > 1
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


def fill_zeros(tensor: Tensor, batch: int) -> Launch:
    """Zeros everywhere."""
    count = tensor.count(batch)
    block = 16384
    return Launch(_FILL, (Place(tensor), count, block), blocks(count, block), (tensor,))


_FILL = Kernel(
    "fill_zeros",
    """def fill_zeros(arguments, first, last, worker):
    y = integer(arguments, 0)
    count = integer(arguments, 1)
    block = integer(arguments, 2)
    clear(y + first * block * 4, min(last * block, count) - first * block)
""",
)
