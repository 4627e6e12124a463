"""The kernel of a weight gradient that is used up, row tile by row tile, by the optimizer's formulas."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.codegen.expression_code import assignments
from netdsl.backend.numba.codegen.fusion.shared_weight_read import ARGUMENTS, InputGradientCode
from netdsl.backend.numba.codegen.gemm.matmul import STEP_BLOCK, along_columns, down_rows
from netdsl.backend.numba.codegen.gemm.packing import Tile
from netdsl.backend.numba.kernel import Arguments, Kernel, Named, Real, indented, kernel
from netdsl.backend.numba.target import LINE_FLOATS, Target
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.tensor import Tensor


class Update(NamedTuple):
    """Formulas as code: the ``tensors`` they touch; in ``given`` these are p0 and so on, constants k0.

    ``row`` is the loop over a row of ``width`` numbers, of which g is the gradient
    and ``place`` the first one. ``streams`` are the tensors that have rows, by their numbers.
    """

    tensors: list[Tensor]
    given: dict[str, Named]
    row: list[str]
    streams: list[int]

    def fetched(self, tall: int, vectors: int, weights: int | None, target: Target) -> list[str]:
        """The code that has the cache ask for what the rows of a tile will read, one line after the other
        while products are summed; ``weights`` is a stream that is there already."""
        return [
            "if step == 0:",
            f"    for line in range({tall}):",
            "        start = ((row + line) * outputs + column) * 4",
            *(
                f"        fetch(p{n} + start + {vector * target.width * 4})"
                for n in self.streams
                if n != weights
                for vector in range(0, vectors, max(1, LINE_FLOATS // target.width))
            ),
        ]


def update_code(gradient: Tensor, updates: tuple[Elementwise, ...]) -> Update:
    """The code of the formulas that use a gradient up."""
    given = {gradient: "g + c * 4"}
    tensors, constants, row = assignments(
        updates, gradient.values, given, counter="c", start="0", end="width", at="place + c"
    )
    read: dict[str, Named] = {f"p{n}": tensor for n, tensor in enumerate(tensors)}
    read |= {f"k{n}": Real(value) for n, value in enumerate(constants)}
    streams = [n for n, tensor in enumerate(tensors) if tensor.shape == gradient.shape]
    return Update(tensors, read, row, streams)


def update_kernel(
    given: Arguments,
    shape: Tile,
    sizes: tuple[int, int],
    update: Update,
    input_gradient: InputGradientCode | None,
    target: Target,
    *,
    paired: bool,
) -> Kernel:
    """``sizes`` are the rows and columns of the weights."""
    inputs, outputs = sizes
    tile, strides = ("tile_pairs", "2, inputs * 2") if paired else ("tile", "1, inputs")
    body = [
        *(line for name, line in given.by_name.items() if name not in (*ARGUMENTS, *update.given)),
        *(input_gradient.head(given, shape.rows) if input_gradient else []),
        *given.read(*update.given),
        "zero = number(0.0)",
        "one = number(1.0)",
        "for item in range(first, last):",
        "    row_block = item // across",
        "    left = (item - row_block * across) * columns_per_item",
        "    right = min(left + columns_per_item, outputs)",
        "    width = right - left",
        "    top = row_block * rows_per_item",
        "    bottom = min(top + rows_per_item, inputs)",
    ]
    for loop, tall in down_rows(shape.rows, inputs % shape.rows):
        body += [f"    {line}" for line in loop]
        body += [f"        {line}" for line in (input_gradient.lines(tall, target) if input_gradient else [])]
        body += [
            f"        for step in range(0, steps, {STEP_BLOCK}):",
            f"            count = min({STEP_BLOCK}, steps - step)",
        ]
        for inner, vectors, lanes in along_columns(shape.vectors * target.width, outputs, target):
            body += [f"            {line}" for line in inner]
            fetched = update.fetched(
                tall, vectors, input_gradient.weights if input_gradient else None, target
            )
            body += [f"                {line}" for line in fetched]
            body.append(
                f"                {tile}(1, {tall}, {vectors}, {lanes}, a + (row + step * inputs) * 4, 0, "
                f"{strides}, 0, b + (step * outputs + column) * 4, outputs, 0, "
                "scratch + (column - left) * 4, 0, broad, 1, count, step)"
            )
        body += [
            f"        for line in range({tall}):",
            "            g = scratch + line * broad * 4",
            "            place = (row + line) * outputs + left",
            *(f"            {line}" for line in update.row),
        ]
    return kernel("product_update", indented(body, 1) + "\n")
