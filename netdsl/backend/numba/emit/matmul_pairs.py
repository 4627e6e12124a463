"""Matrix products of rows of images with a matrix of weights, in pairs of bfloat16.

The images are rounded once; weights, which are much more, are rounded block by block in memory of the
worker, for all rows at once.
"""

from __future__ import annotations

from netdsl.backend.numba.cpu import cpu
from netdsl.backend.numba.emit.matmul import along_columns, down_rows, tile_shape
from netdsl.backend.numba.emit.pairs import pairs_along_rows
from netdsl.backend.numba.emit.panels import ITEMS
from netdsl.backend.numba.kernel import Argument, Kernel, Launch, Place, Scratch, blocks, indented, kernel
from netdsl.backend.numba.simd import WIDTH
from netdsl.primitives.tensor import Tensor

STEPS = 512
"""Rows of weights that are rounded at once: a panel of them stays in the first cache for all images."""

MOST_COLUMNS = 512
"""Columns of weights that are rounded at once: long pieces of rows of memory, for they are read once."""

STEPS_OF_DOT = 2048
"""Numbers of a row of weights that are rounded at once for the gradient of the images."""


def product_in_pairs(x: Tensor, w: Tensor, y: Tensor, batch: int) -> list[Launch]:
    """y (batch x columns) = x @ w."""
    columns = w.shape[-1]
    steps = w.values // columns
    halves, halving = pairs_along_rows(x, batch, steps)
    high, vectors = tile_shape(batch)
    panel = vectors * WIDTH
    columns_per_item = max(1, min(blocks(blocks(columns, panel), ITEMS), MOST_COLUMNS // panel)) * panel
    scratch = STEPS // 2 * columns_per_item
    arguments: tuple[Argument, ...] = (
        Place(halves),
        blocks(steps, 2) * 2,
        Place(w),
        Place(y),
        columns,
        batch,
        steps,
        columns_per_item,
        Scratch(),
        scratch,
    )
    built = _product_kernel((high, panel), batch, columns)
    return [halving, Launch(built, arguments, blocks(columns, columns_per_item), (y,), scratch)]


def _product_kernel(shape: tuple[int, int], rows: int, columns: int) -> Kernel:
    high, panel = shape
    names = ["a", "a_row", "b", "c", "columns", "rows", "steps", "columns_per_item"]
    body = [
        *(f"{name} = integer(arguments, {number})" for number, name in enumerate(names)),
        "scratch = integer(arguments, 8) + worker * integer(arguments, 9) * 4",
        "top = 0",
        "bottom = rows",
        "for item in range(first, last):",
        "    left = item * columns_per_item",
        "    right = min(left + columns_per_item, columns)",
        "    width = right - left",
        f"    for step in range(0, steps, {STEPS}):",
        f"        count = min({STEPS}, steps - step)",
        "        pair_rows(b + (step * columns + left) * 4, count, columns, scratch, width)",
        "        pairs = (count + 1) // 2",
    ]
    for head, vectors, lanes in along_columns(panel, columns):
        body += [f"        {line}" for line in head]
        for inner, tall in down_rows(high, rows % high):
            body += [f"            {line}" for line in inner]
            body.append(
                f"                tile_pairs(1, {tall}, {vectors}, {lanes}, a + (row * a_row + step) * 2, 0, "
                "a_row, 2, 0, scratch + (column - left) * 4, width, 0, c + (row * columns + column) * 4, 0, "
                "columns, 1, pairs, step)"
            )
    return kernel("product_in_pairs", indented(body, 1) + "\n")


def dot_product_in_pairs(dy: Tensor, w: Tensor, dx: Tensor, batch: int) -> list[Launch]:
    """dx (batch x inputs) = dy @ w transposed."""
    outputs = w.shape[-1]
    inputs = w.values // outputs
    halves, halving = pairs_along_rows(dy, batch, outputs)
    high, wide = (3, 4) if cpu().registers < 32 else (4, 6)
    scratch = wide * min(STEPS_OF_DOT, blocks(outputs, 2) * 2) // 2
    inputs_per_item = wide * max(1, blocks(blocks(inputs, wide), 2 * ITEMS))
    arguments: tuple[Argument, ...] = (
        Place(halves),
        Place(w),
        Place(dx),
        batch,
        outputs,
        inputs,
        inputs_per_item,
        blocks(outputs, 2),
        Scratch(),
        scratch,
    )
    built = _dot_kernel((high, wide), batch, inputs)
    return [halving, Launch(built, arguments, blocks(inputs, inputs_per_item), (dx,), scratch)]


def _dot_kernel(shape: tuple[int, int], rows: int, inputs: int) -> Kernel:
    high, wide = shape
    names = ["a", "w", "dx", "rows", "outputs", "inputs", "inputs_per_item", "a_row"]
    body = [
        *(f"{name} = integer(arguments, {number})" for number, name in enumerate(names)),
        "scratch = integer(arguments, 8) + worker * integer(arguments, 9) * 4",
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
