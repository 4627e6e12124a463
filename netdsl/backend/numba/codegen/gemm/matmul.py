"""Matrix products on register tiles, straight from the operands."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.codegen.gemm.packing import ITEMS, Packing, Tile
from netdsl.backend.numba.codegen.gemm.transpose import transpose
from netdsl.backend.numba.kernel import (
    Arguments,
    EpilogueSlot,
    FinalRows,
    Kernel,
    Launch,
    blocks,
    indented,
    kernel,
    kernel_with_epilogue_slot,
    named,
)
from netdsl.backend.numba.target import Target
from netdsl.primitives.matmul import MatmulWeightGradient
from netdsl.primitives.tensor import Tensor

STEP_BLOCK = 512
"""Steps along the summed axis before the next tile: so much of B stays in the second cache."""

SHORT_STEPS = 128
"""Where rows are few: a panel of B stays in the first cache for all of them, and reading B row by
row for many columns does not leave its pages at every step."""

MOST_BATCH_ROWS = 256
"""Rows that one item takes whole."""

COLUMN_BLOCK = 512
"""Most columns of an item where rows are few."""


def emit_matmul_weight_gradient(op: MatmulWeightGradient, batch: int, target: Target) -> list[Launch]:
    """dw = x transposed @ dy: the rows are the inputs, the summed axis is the images."""
    x, dy = op.inputs
    inputs, outputs = op.outputs[0].shape
    return [product(x, (1, inputs), dy, outputs, op.outputs[0], inputs, batch, outputs, target)]


class _Blocking(NamedTuple):
    """How C is cut: register tiles of ``high`` rows x ``vectors``, work items, steps at a time.

    ``rows_first`` walks all columns of a row tile before the next one, so that C is written in order;
    it needs B's rows in the second cache.
    """

    high: int
    vectors: int
    rows_per_item: int
    columns_per_item: int
    steps_at_once: int
    rows_first: bool


def _blocking(rows: int, steps: int, columns: int, tile: Tile, target: Target) -> _Blocking:
    """Few rows share columns out, many share rows out; both leave enough items for the threads."""
    high, vectors = tile
    panel = vectors * target.width
    panels = blocks(columns, panel)
    if rows <= MOST_BATCH_ROWS:
        across = max(1, min(blocks(panels, ITEMS), COLUMN_BLOCK // panel))
        shares = min(blocks(rows, high), blocks(ITEMS, blocks(panels, across)))
        tiles = blocks(blocks(rows, high), shares)
        return _Blocking(high, vectors, tiles * high, across * panel, SHORT_STEPS, False)
    tiles = max(4, blocks(blocks(rows, high), 2 * ITEMS))
    row_items = blocks(rows, tiles * high)
    across = panels if row_items >= ITEMS else blocks(panels, blocks(ITEMS, row_items))
    rows_first = min(steps, STEP_BLOCK) * across * panel <= target.second_cache_floats
    return _Blocking(high, vectors, tiles * high, across * panel, STEP_BLOCK, rows_first)


def row_panel_vectors(target: Target) -> int:
    """Vectors in a panel of A: the rows of every shape of tile divide it."""
    return max(3, 24 // target.width)


def tile_shapes(target: Target) -> tuple[Tile, ...]:
    """The tiles of products that use the registers well."""
    if target.registers >= 32:
        return Tile(8, 3), Tile(6, 4), Tile(12, 2)
    return Tile(4, 3), Tile(3, 4), Tile(6, 2)


def tile_shape(rows: int, target: Target) -> Tile:
    """The tile that leaves the fewest rows over."""
    return min(tile_shapes(target), key=lambda tile: blocks(rows, tile.rows) * tile.rows)


class Packed(NamedTuple):
    """B is packed: one panel of the tile's width after the other, of which the last may be filled up.

    So is A if panels of ``a_panel`` of its rows are said, each with one or more whole tiles.
    """

    a_panel: int = 0


def product(
    a: Tensor,
    a_strides: tuple[int, int],
    b: Tensor,
    b_step: int,
    c: Tensor,
    rows: int,
    steps: int,
    columns: int,
    target: Target,
    tile: Tile | None = None,
    *,
    packed: Packed | None = None,
) -> Launch:
    """C (rows x columns) = A @ B; A moves by ``a_strides`` per row and step, B by ``b_step`` per step.

    ``tile`` is another than the one that leaves the fewest rows over. Where operands are ``packed``,
    their strides are those within a panel.
    """
    blocking = _blocking(rows, steps, columns, tile or tile_shape(rows, target), target)
    across = blocks(columns, blocking.columns_per_item)
    given = named(
        a=a,
        a_row=a_strides[0],
        a_step=a_strides[1],
        b=b,
        b_step=b_step,
        c=c,
        columns=columns,
        rows=rows,
        steps=steps,
        rows_per_item=blocking.rows_per_item,
        columns_per_item=blocking.columns_per_item,
        across=across,
    )
    items = blocks(rows, blocking.rows_per_item) * across
    built, epilogue_slot = _product_kernel(given, blocking, (rows, columns), packed, target)
    return Launch(built, given.values, items, (c,), epilogue_slot=epilogue_slot)


def product_in_panels(
    a: Tensor,
    b: Tensor,
    b_strides: tuple[int, int],
    c: Tensor,
    rows: int,
    steps: int,
    columns: int,
    target: Target,
) -> list[Launch]:
    """C (rows x columns) = A (rows x steps) @ B, packed; B moves by ``b_strides`` per step and column."""
    tile = tile_shape(rows, target)
    panels, packs = Packing(1, (1, 1, steps), columns, (0, 0, *b_strides), 0, tile=tile).launch(b, target)
    width = tile.vectors * target.width
    return [
        *packs,
        product(a, (steps, 1), panels, width, c, rows, steps, columns, target, tile, packed=Packed()),
    ]


def product_of_images(a: Tensor, b: Tensor, c: Tensor, batch: int, target: Target) -> list[Launch]:
    """C = A transposed @ B, both packed, summed along the positions of all images.

    A has a row of C's and B a column of C's for each channel.
    """
    (*_, rows), (high, wide, columns) = a.shape, b.shape
    positions = high * wide
    tile = tile_shape(rows, target)

    def panels(x: Tensor, channels: int, tile: Tile) -> tuple[Tensor, list[Launch]]:
        strides = (positions * channels, 0, channels, 1)
        return Packing(1, (batch, 1, positions), channels, strides, 0, tile=tile).launch(x, target)

    packed_a, packs_a = panels(a, rows, Tile(1, row_panel_vectors(target)))
    packed_b, packs_b = panels(b, columns, tile)
    packed = Packed(a_panel=row_panel_vectors(target) * target.width)
    launch = product(
        packed_a,
        (1, packed.a_panel),
        packed_b,
        tile.vectors * target.width,
        c,
        rows,
        batch * positions,
        columns,
        target,
        tile,
        packed=packed,
    )
    return [*packs_a, *packs_b, launch]


def _product_kernel(
    given: Arguments, blocking: _Blocking, extent: tuple[int, int], packed: Packed | None, target: Target
) -> tuple[Kernel, EpilogueSlot | None]:
    rows, columns = extent
    panel = blocking.vectors * target.width
    a_index, b_index = "row * a_row", "step * b_step + column"
    if packed:
        b_index = "step * b_step + column * steps"
    if packed and packed.a_panel:
        a_index = f"row // {packed.a_panel} * steps * {packed.a_panel} + row % {packed.a_panel}"
    body = [
        *given.lines,
        "for item in range(first, last):",
        "    row_block = item // across",
        "    left = (item - row_block * across) * columns_per_item",
        "    right = min(left + columns_per_item, columns)",
        "    top = row_block * rows_per_item",
        "    bottom = min(top + rows_per_item, rows)",
        f"    for step in range(0, steps, {blocking.steps_at_once}):",
        f"        count = min({blocking.steps_at_once}, steps - step)",
    ]
    down = down_rows(blocking.high, rows % blocking.high)
    along = along_columns(panel, columns, target)

    def tile_call(high: int, vectors: int, lanes: str) -> str:
        return (
            f"tile(1, {high}, {vectors}, {lanes}, a + ({a_index} + step * a_step) * 4, 0, a_row, a_step, "
            f"0, b + ({b_index}) * 4, b_step, 0, c + (row * columns + column) * 4, 0, "
            "columns, 1, count, step)"
        )

    nested: list[str] = []
    if blocking.rows_first:
        for head, high in down:
            nested += head
            for inner, vectors, lanes in along:
                nested += [f"    {line}" for line in inner]
                nested.append(f"        {tile_call(high, vectors, lanes)}")
    else:
        for head, vectors, lanes in along:
            nested += head
            for inner, high in down:
                nested += [f"    {line}" for line in inner]
                nested.append(f"        {tile_call(high, vectors, lanes)}")
    body += [f"        {line}" for line in nested]
    return kernel_with_epilogue_slot(
        "product", body, FinalRows("top * columns", "bottom - top", "left", "right")
    )


def down_rows(high: int, left_over: int) -> list[tuple[list[str], int]]:
    """Loops over the rows of an item: the whole tiles, then the one that is left over."""
    loops = [([f"for row in range(top, bottom - {high - 1}, {high}):"], high)]
    if left_over:
        rest = f"for row in range(bottom - (bottom - top) % {high}, bottom, {high}):"
        loops.append(([rest], left_over))
    return loops


def along_columns(panel: int, columns: int, target: Target) -> list[tuple[list[str], int, str]]:
    """Loops over the columns of an item, with the vectors of a tile and the numbers of its last vector: the
    whole panels, then the narrower one at the end, whose numbers the kernel counts."""
    rest = columns % panel
    loops = []
    if columns >= panel:
        whole = f"for column in range(left, right - {panel - 1}, {panel}):"
        loops.append(([whole], panel // target.width, str(target.width)))
    if rest:
        vectors = blocks(rest, target.width)
        tail = f"for column in range(right - (right - left) % {panel}, right, {panel}):"
        lanes = (
            f"right - column - {(vectors - 1) * target.width}" if rest % target.width else str(target.width)
        )
        loops.append(([tail], vectors, lanes))
    return loops


def product_with_transposed(
    dy: Tensor, w: Tensor, dx: Tensor, rows: int, steps: int, columns: int, target: Target
) -> list[Launch]:
    """dx (rows x columns) = dy (rows x steps) @ w (columns x steps) transposed, which is moved first."""
    turned, turning = transpose(w, columns, steps, target)
    return [turning, product(dy, (steps, 1), turned, columns, dx, rows, steps, columns, target)]


def dot_product(
    a: Tensor, b: Tensor, c: Tensor, rows: int, steps: int, columns: int, target: Target
) -> Launch:
    """C (rows x columns) = A (rows x steps) @ B (columns x steps) transposed."""
    high, wide = (3, 4) if target.registers < 32 else (4, 6)

    def call(tall: int, broad: int) -> str:
        return (
            f"dot_tile({tall}, {broad}, a + row * steps * 4, steps, b + column * steps * 4, steps, "
            "c + (row * columns + column) * 4, columns, steps, 0)"
        )

    def down(broad: int) -> list[str]:
        return [
            "    row = 0",
            f"    while row + {high} <= rows:",
            f"        {call(high, broad)}",
            f"        row += {high}",
            "    while row < rows:",
            f"        {call(1, broad)}",
            "        row += 1",
        ]

    columns_per_item = wide * max(1, blocks(blocks(columns, wide), 32))
    given = named(
        a=a,
        b=b,
        c=c,
        rows=rows,
        steps=steps,
        columns=columns,
        columns_per_item=columns_per_item,
    )
    body = [
        *given.lines,
        "column = first * columns_per_item",
        "stop = min(last * columns_per_item, columns)",
        f"while column + {wide} <= stop:",
        *down(wide),
        f"    column += {wide}",
        "while column < stop:",
        *down(1),
        "    column += 1",
    ]
    items = blocks(columns, columns_per_item)
    return Launch(kernel("dot_product", indented(body, 1) + "\n"), given.values, items, (c,))
