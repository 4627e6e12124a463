"""Matrix products of few rows of images with a large matrix of weights.

Weights are copied block by block into memory of the worker, for all rows at once: read where they are, the
rows of a block would fall on the same lines of the caches where their number is a power of 2. In pairs
of bfloat16 they are rounded on the way, and the images beforehand.
"""

from __future__ import annotations

from netdsl.backend.numba.codegen.gemm.bfloat16_packing import pairs_along_rows
from netdsl.backend.numba.codegen.gemm.matmul import (
    along_columns,
    down_rows,
    tile_shape,
)
from netdsl.backend.numba.codegen.gemm.packing import ITEMS
from netdsl.backend.numba.kernel import (
    Arguments,
    EpilogueSlot,
    FinalRows,
    Kernel,
    Launch,
    PerWorker,
    blocks,
    indented,
    kernel,
    kernel_with_epilogue_slot,
    named,
)
from netdsl.backend.numba.target import LINE_FLOATS, Target
from netdsl.primitives.tensor import Tensor

BLOCK_ROWS = 64
"""Rows of a copied block, of floats or of pairs: a panel of them stays in the first cache for all images,
and two blocks in the second, this one and the next."""

MOST_COLUMNS = 512
"""Columns of a copied block: long pieces of rows of memory, for they are read once."""

STEPS_OF_DOT = 2048
"""Numbers of a row of weights that are rounded at once for the gradient of the images."""


def packed_product(x: Tensor, w: Tensor, y: Tensor, batch: int, target: Target) -> Launch:
    """y (batch x columns) = x @ w, the rows are the images."""
    return _product(x, w, y, batch, target, paired=False)


def product_in_pairs(x: Tensor, w: Tensor, y: Tensor, batch: int, target: Target) -> list[Launch]:
    """The same in pairs of bfloat16, always packed."""
    halves, halving = pairs_along_rows(x, batch, w.values // w.shape[-1])
    return [halving, _product(halves, w, y, batch, target, paired=True)]


def _product(x: Tensor, w: Tensor, y: Tensor, batch: int, target: Target, *, paired: bool) -> Launch:
    columns = w.shape[-1]
    steps = w.values // columns
    high, vectors = tile_shape(batch, target)
    panel = vectors * target.width
    columns_per_item = max(1, min(blocks(blocks(columns, panel), ITEMS), MOST_COLUMNS // panel)) * panel
    scratch = BLOCK_ROWS * columns_per_item
    given = named(
        a=x,
        a_row=blocks(steps, 2) * 2 if paired else steps,
        b=w,
        c=y,
        columns=columns,
        rows=batch,
        steps=steps,
        columns_per_item=columns_per_item,
        scratch=PerWorker(scratch),
    )
    built, epilogue_slot = _product_kernel(given, (high, panel), batch, columns, paired, target)
    return Launch(
        built, given.values, blocks(columns, columns_per_item), (y,), scratch, epilogue_slot=epilogue_slot
    )


def _product_kernel(
    given: Arguments, shape: tuple[int, int], rows: int, columns: int, paired: bool, target: Target
) -> tuple[Kernel, EpilogueSlot | None]:
    high, panel = shape
    steps = 2 * BLOCK_ROWS if paired else BLOCK_ROWS
    body = [
        *given.lines,
        "top = 0",
        "bottom = rows",
        "for item in range(first, last):",
        "    left = item * columns_per_item",
        "    right = min(left + columns_per_item, columns)",
        "    width = right - left",
        f"    for step in range(0, steps, {steps}):",
        f"        count = min({steps}, steps - step)",
        *(_PAIR if paired else _COPY),
    ]
    for head, vectors, lanes in along_columns(panel, columns, target):
        body += [f"        {line}" for line in head]
        for inner, tall in down_rows(high, rows % high):
            name, a = ("tile_pairs", "2, 0, a_row, 2") if paired else ("tile", "4, 0, a_row, 1")
            body += [f"            {line}" for line in inner]
            body += [
                f"                {line}"
                for line in _fetched(vectors, blocks(rows, high), high, steps, target)
            ]
            body.append(
                f"                {name}(1, {tall}, {vectors}, {lanes}, a + (row * a_row + step) * {a}, "
                f"0, scratch + (column - left) * 4, width, 0, "
                "c + (row * columns + column) * 4, 0, columns, 1, lines, step)"
            )
    kind = "product_in_pairs" if paired else "packed_product"
    return kernel_with_epilogue_slot(kind, body, FinalRows("0", "rows", "left", "right"))


def _fetched(vectors: int, tiles: int, high: int, steps: int, target: Target) -> list[str]:
    """The code that has the cache ask for the next block while this one is multiplied: a tile asks for
    its share of the rows, in its columns."""
    share = blocks(steps, tiles)
    return [
        f"ahead = step + {steps} + row // {high} * {share}",
        f"for line in range(ahead, min(ahead + {share}, steps)):",
        *(
            f"    fetch(b + (line * columns + column + {vector * target.width}) * 4)"
            for vector in range(0, vectors, max(1, LINE_FLOATS // target.width))
        ),
    ]


_PAIR = [
    "        lines = (count + 1) // 2",
    "        pair_rows(b + (step * columns + left) * 4, count, columns, scratch, width)",
]

_COPY = [
    "        lines = count",
    "        for line in range(count):",
    "            copy(b + ((step + line) * columns + left) * 4, scratch + line * width * 4, width)",
]


def dot_product_in_pairs(dy: Tensor, w: Tensor, dx: Tensor, batch: int, target: Target) -> list[Launch]:
    """dx (batch x inputs) = dy @ w transposed."""
    outputs = w.shape[-1]
    inputs = w.values // outputs
    halves, halving = pairs_along_rows(dy, batch, outputs)
    high, wide = (3, 4) if target.registers < 32 else (4, 6)
    scratch = wide * min(STEPS_OF_DOT, blocks(outputs, 2) * 2) // 2
    inputs_per_item = wide * max(1, blocks(blocks(inputs, wide), 2 * ITEMS))
    given = named(
        a=halves,
        w=w,
        dx=dx,
        rows=batch,
        outputs=outputs,
        inputs=inputs,
        inputs_per_item=inputs_per_item,
        a_row=blocks(outputs, 2),
        scratch=PerWorker(scratch),
    )
    built = _dot_kernel(given, (high, wide), batch, inputs)
    return [halving, Launch(built, given.values, blocks(inputs, inputs_per_item), (dx,), scratch)]


def _dot_kernel(given: Arguments, shape: tuple[int, int], rows: int, inputs: int) -> Kernel:
    high, wide = shape
    body = [
        *given.lines,
        "bottom = min(last * inputs_per_item, inputs)",
    ]
    broad = [(f"for place in range(first * inputs_per_item, bottom - {wide - 1}, {wide}):", wide)]
    if inputs % wide:
        broad.append((f"for place in range(bottom - bottom % {wide}, bottom, {wide}):", inputs % wide))
    tall = [(f"for row in range(0, rows - {high - 1}, {high}):", high)]
    if rows % high:
        tall.append((f"for row in range(rows - {rows % high}, rows, {high}):", rows % high))
    for head, across in broad:
        body += [
            head,
            f"    for step in range(0, outputs, {STEPS_OF_DOT}):",
            f"        count = min({STEPS_OF_DOT}, outputs - step)",
            "        pairs = (count + 1) // 2",
            f"        for line in range({across}):",
            "            target = scratch + line * pairs * 4",
            "            halve(w + ((place + line) * outputs + step) * 4, target, count)",
            "            clear_halves(target + count * 2, pairs * 2 - count)",
        ]
        for inner, down in tall:
            body += [
                f"        {inner}",
                f"            dot_tile_pairs({down}, {across}, a + (row * a_row + step // 2) * 4, a_row, "
                "scratch, pairs, dx + (row * inputs + place) * 4, inputs, pairs, step)",
            ]
    return kernel("dot_product_in_pairs", indented(body, 1) + "\n")
