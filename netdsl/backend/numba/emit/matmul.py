"""Matrix products on register tiles, straight from the operands."""

from __future__ import annotations

from netdsl.backend.numba.cpu import cpu
from netdsl.backend.numba.kernel import Argument, Launch, Place, blocks, indented, kernel
from netdsl.backend.numba.simd import WIDTH
from netdsl.primitives.matmul import Matmul, MatmulInputGradient, MatmulWeightGradient
from netdsl.primitives.tensor import Tensor

STEP_BLOCK = 512
"""Steps along the summed axis before the next tile: so much of B stays in the second cache."""


def emit_matmul(op: Matmul, batch: int) -> list[Launch]:
    """y = x @ w: the rows are the images."""
    x, w = op.inputs
    inputs, outputs = w.shape
    return [product(x, (inputs, 1), w, outputs, op.outputs[0], batch, inputs, outputs)]


def emit_matmul_weight_gradient(op: MatmulWeightGradient, batch: int) -> list[Launch]:
    """dw = x transposed @ dy: the rows are the inputs, the summed axis is the images."""
    x, dy = op.inputs
    inputs, outputs = op.outputs[0].shape
    return [product(x, (1, inputs), dy, outputs, op.outputs[0], inputs, batch, outputs)]


def emit_matmul_input_gradient(op: MatmulInputGradient, batch: int) -> list[Launch]:
    """dx = dy @ w transposed: both contiguous along the outputs."""
    dy, w = op.inputs
    inputs, outputs = w.shape
    return [dot_product(dy, w, op.outputs[0], batch, outputs, inputs)]


def product(
    a: Tensor,
    a_strides: tuple[int, int],
    b: Tensor,
    b_step: int,
    c: Tensor,
    rows: int,
    steps: int,
    columns: int,
) -> Launch:
    """C (rows x columns) = A @ B; A moves by ``a_strides`` per row and step, B by ``b_step`` per step."""
    vectors = 3 if cpu().registers < 32 else 4
    high = cpu().accumulators // vectors
    panel = vectors * WIDTH
    whole, rest = divmod(columns, panel)
    body = [
        "a = integer(arguments, 0)",
        "a_row = integer(arguments, 1)",
        "a_step = integer(arguments, 2)",
        "b = integer(arguments, 3)",
        "b_step = integer(arguments, 4)",
        "c = integer(arguments, 5)",
        "columns = integer(arguments, 6)",
        "rows = integer(arguments, 7)",
        "steps = integer(arguments, 8)",
        "rows_per_item = integer(arguments, 9)",
        "panels = integer(arguments, 10)",
        "for item in range(first, last):",
        "    row_block = item // panels",
        "    panel = item - row_block * panels",
        "    start = row_block * rows_per_item",
        "    stop = min(start + rows_per_item, rows)",
        f"    column = panel * {panel}",
    ]
    tail = (blocks(rest, WIDTH), rest - (blocks(rest, WIDTH) - 1) * WIDTH)
    if whole and rest:
        body += [
            f"    if column + {panel} <= columns:",
            *_panel(high, vectors, WIDTH, 2),
            "    else:",
            *_panel(high, *tail, 2),
        ]
    else:
        body += _panel(high, vectors, WIDTH, 1) if whole else _panel(high, *tail, 1)
    panels = whole + (1 if rest else 0)
    rows_per_item = _rows_per_item(rows, panels, high)
    arguments: tuple[Argument, ...] = (
        Place(a),
        *a_strides,
        Place(b),
        b_step,
        Place(c),
        columns,
        rows,
        steps,
        rows_per_item,
        panels,
    )
    items = blocks(rows, rows_per_item) * panels
    return Launch(kernel("product", indented(body, 1) + "\n"), arguments, items, (c,))


def _rows_per_item(rows: int, panels: int, high: int) -> int:
    """About 32 items, but at least a few tiles each."""
    wanted = max(1, 32 // panels)
    tiles = max(4, blocks(blocks(rows, high), wanted))
    return tiles * high


def _panel(high: int, vectors: int, lanes: int, depth: int) -> list[str]:
    """All tiles of one panel of columns; rows that are left over go one by one."""

    def call(rows: int) -> str:
        return (
            f"tile(1, {rows}, {vectors}, {lanes}, a + (row * a_row + step * a_step) * 4, 0, a_row, a_step, "
            "0, b + (step * b_step + column) * 4, b_step, 0, c + (row * columns + column) * 4, 0, "
            "columns, 1, count, step)"
        )

    lines = [
        f"for step in range(0, steps, {STEP_BLOCK}):",
        f"    count = min({STEP_BLOCK}, steps - step)",
        "    row = start",
        f"    while row + {high} <= stop:",
        f"        {call(high)}",
        f"        row += {high}",
        "    while row < stop:",
        f"        {call(1)}",
        "        row += 1",
    ]
    return ["    " * depth + line for line in lines]


def dot_product(a: Tensor, b: Tensor, c: Tensor, rows: int, steps: int, columns: int) -> Launch:
    """C (rows x columns) = A (rows x steps) @ B (columns x steps) transposed."""
    high, wide = (3, 4) if cpu().registers < 32 else (4, 6)

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

    body = [
        "a = integer(arguments, 0)",
        "b = integer(arguments, 1)",
        "c = integer(arguments, 2)",
        "rows = integer(arguments, 3)",
        "steps = integer(arguments, 4)",
        "columns = integer(arguments, 5)",
        "columns_per_item = integer(arguments, 6)",
        "column = first * columns_per_item",
        "stop = min(last * columns_per_item, columns)",
        f"while column + {wide} <= stop:",
        *down(wide),
        f"    column += {wide}",
        "while column < stop:",
        *down(1),
        "    column += 1",
    ]
    columns_per_item = wide * max(1, blocks(blocks(columns, wide), 32))
    arguments = (Place(a), Place(b), Place(c), rows, steps, columns, columns_per_item)
    items = blocks(columns, columns_per_item)
    return Launch(kernel("dot_product", indented(body, 1) + "\n"), arguments, items, (c,))
