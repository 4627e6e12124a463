"""A convolution by bands of rows: where it reads and writes, and how it is tiled."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.codegen.gemm.packing import (
    ITEMS,
    Tile,
    panels_of,
    split_evenly,
    usual_tile,
)
from netdsl.backend.numba.kernel import (
    Arguments,
    EpilogueSlot,
    FinalRows,
    Kernel,
    Launch,
    PerWorker,
    blocks,
    kernel_with_epilogue_slot,
    named,
)
from netdsl.backend.numba.target import MOST_UNROLLED, Target
from netdsl.primitives.tensor import Tensor
from netdsl.quantities import Size


class RowBands(NamedTuple):
    """A convolution over bands of rows: where it reads, where it writes, and how it is tiled.

    ``paired`` rounds bands to bfloat16 as they are copied, and takes weights in pairs.
    """

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
    tile: Tile | None = None
    paired: bool = False

    def launch(self, x: Tensor, packed: Tensor, y: Tensor, batch: int, target: Target) -> Launch:
        height, width, channels = x.shape
        high, wide = self.kernel
        needed_high = (self.rows - 1) * self.stride.height + high
        needed_wide = (self.columns - 1) * self.stride.width + wide
        inside = self.top == 0 == self.left and needed_high <= height and needed_wide <= width
        copies = self.paired or not inside or self.groups > 1
        row_floats = needed_wide * self.depth if copies else width * channels
        band = self._band(row_floats, batch, target)
        bands = blocks(self.rows, band)
        scratch = ((band - 1) * self.stride.height + high) * row_floats if copies else 0
        if self.paired:
            scratch = scratch // 2 + 1
        given = named(
            x=x,
            packed=packed,
            y=y,
            height=height,
            width=width,
            channels=channels,
            groups=self.groups,
            bands=bands,
            band=band,
            rows=self.rows,
            kernel_rows=high,
            kernel_row=blocks(wide * self.depth, 2) if self.paired else wide * self.depth,
            stride_row=self.stride.height,
            stride_column=self.stride.width * self.depth,
            top=self.top,
            left=self.left,
            depth=self.depth,
            row_floats=row_floats,
            out_start=self.out_start,
            out_image=y.values,
            out_row=self.out_row,
            out_column=self.out_column,
            filters=self.width,
            panels=panels_of(self.width, target, self.tile).total,
            **({"scratch": PerWorker(scratch)} if copies else {}),
        )
        items = batch * self.groups * bands
        built, epilogue_slot = self._kernel(given, copies, target)
        return Launch(built, given.values, items, (y,), scratch, epilogue_slot=epilogue_slot)

    def _band(self, row_floats: int, batch: int, target: Target) -> int:
        """Output rows of a work item: few enough for the cache, and enough items for the threads."""
        most = 2 * target.first_cache_floats if self.paired else target.first_cache_floats
        fitting = (most // max(1, row_floats) - self.kernel[0]) // self.stride.height + 1
        items = batch * self.groups
        sharing = blocks(self.rows, blocks(ITEMS, items)) if items < ITEMS else self.rows
        return max(1, min(self.rows, max(fitting, 4), sharing))

    def _kernel(self, given: Arguments, copies: bool, target: Target) -> tuple[Kernel, EpilogueSlot | None]:
        tile = self.tile or usual_tile(self.width, target)
        panels = panels_of(self.width, target, tile)
        columns = split_evenly(self.columns, target.accumulators // (tile.rows * tile.vectors))
        body = [
            *given.lines,
            *([] if copies else ["scratch = 0"]),
            "for item in range(first, last):",
            "    image = item // (groups * bands)",
            "    group = (item - image * groups * bands) // bands",
            "    top_row = (item - (image * groups + group) * bands) * band",
            "    end_row = min(top_row + band, rows)",
            "    source = x + image * height * width * channels * 4",
            "    y_image = y + (out_start + image * out_image) * 4",
            *(
                _copy_band(self.paired)
                if copies
                else ["    band_start = source + top_row * stride_row * row_floats * 4"]
            ),
            "    for panel in range(panels):",
            f"        w = packed + (group * panels + panel) * kernel_rows * kernel_row * {panels.width * 4}",
            f"        column_start = y_image + (group * filters + panel * {panels.width}) * 4",
        ]
        high, paired = tile.rows, self.paired
        taps = self.kernel[1] * self.depth
        known = taps <= MOST_UNROLLED and not paired
        steps = _Steps(panels.width, str(taps) if known else "kernel_row", paired)
        tail = _rows_of_tiles(high, columns, panels.tail_vectors, panels.lanes_of_tail("filters"), steps)
        full = _rows_of_tiles(high, columns, panels.vectors, str(target.width), steps)
        body += [f"        {line}" for line in panels.by_width("filters", full, tail)]
        final_rows = None
        if self.groups == 1 and (self.out_row, self.out_column) == (self.columns * self.width, self.width):
            rows = "(end_row - top_row) * (out_row // out_column)"
            start = "out_start + image * out_image + top_row * out_row"
            final_rows = FinalRows(start, rows, "0", "filters")
        return kernel_with_epilogue_slot("convolve", body, final_rows)


def _copy_band(paired: bool) -> list[str]:
    return [
        "    band_start = scratch",
        f"    {'halve_band' if paired else 'copy_band'}(source + group * depth * 4, scratch, height, width, "
        "channels, depth,",
        "              top_row * stride_row - top, left,",
        "              (end_row - top_row - 1) * stride_row + kernel_rows, row_floats // depth)",
    ]


class _Steps(NamedTuple):
    """What a tile sums along a row of the kernel: ``number`` rows of weights, each ``panel_width`` wide, in
    pairs if ``paired``. The number is a literal where it is small."""

    panel_width: int
    number: str
    paired: bool


def _rows_of_tiles(
    high: int, columns: tuple[int, int, int], vectors: int, lanes: str, steps: _Steps
) -> list[str]:
    """A band for one panel: ``high`` rows at once, then those that are left one by one; in a row, equal
    tiles of columns, then the rest, as ``split_evenly`` cuts."""
    lines = []
    if high > 1:
        lines.append(f"for row in range(top_row, end_row - {high - 1}, {high}):")
        lines += _columns_of_tiles(high, columns, vectors, lanes, steps)
        lines.append(f"for row in range(end_row - (end_row - top_row) % {high}, end_row):")
    else:
        lines.append("for row in range(top_row, end_row):")
    return [*lines, *_columns_of_tiles(1, columns, vectors, lanes, steps)]


def _columns_of_tiles(
    high: int, columns: tuple[int, int, int], vectors: int, lanes: str, steps: _Steps
) -> list[str]:
    size, whole, rest = columns
    name, size_bytes, step = ("tile_pairs", 2, 2) if steps.paired else ("tile", 4, 1)
    a_high, c_high = ("stride_row * row_floats", "out_row") if high > 1 else ("0", "0")
    panel_width = steps.panel_width

    def call(wide: int, column: str) -> str:
        return (
            f"{name}({high}, {wide}, {vectors}, {lanes}, a + {column} * stride_column * {size_bytes}, "
            f"{a_high}, stride_column, {step}, row_floats, w, {panel_width}, kernel_row * {panel_width}, "
            f"c + {column} * out_column * 4, {c_high}, out_column, kernel_rows, {steps.number}, 0)"
        )

    lines = [
        f"    a = band_start + (row - top_row) * stride_row * row_floats * {size_bytes}",
        "    c = column_start + row * out_row * 4",
    ]
    if whole > 1:
        lines += [f"    for column in range(0, {whole * size}, {size}):", f"        {call(size, 'column')}"]
    elif whole:
        lines += [f"    {call(size, '0')}"]
    if rest:
        lines += [f"    {call(rest, str(whole * size))}"]
    return lines
