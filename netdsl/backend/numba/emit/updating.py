"""Weight gradients that go straight into the optimizer's update and are never stored.

A tile of rows of the gradient is still in cache when the formulas of the update need it; writing all
of it to memory and reading it back takes as long as the update itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netdsl.backend.numba.cpu import WIDTH
from netdsl.backend.numba.emit.matmul import STEP_BLOCK, along_columns, down_rows, tile_shape
from netdsl.backend.numba.emit.pairs import pairs_of_rows
from netdsl.backend.numba.emit.panels import ITEMS, rows_of_product
from netdsl.backend.numba.formulas import Formula, by_vector, formula, renamed
from netdsl.backend.numba.kernel import (
    Argument,
    Kernel,
    Launch,
    Place,
    Real,
    Scratch,
    blocks,
    indented,
    kernel,
)
from netdsl.primitives.convolution import ConvolutionWeightGradient
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.matmul import MatmulWeightGradient
from netdsl.primitives.operation import Operation, readers_of
from netdsl.primitives.tensor import Tensor
from netdsl.program.program import Program

LEAST_VALUES = 2**14
"""Smaller gradients stay in cache anyway."""

MOST_STEPS = 512
"""Beyond it the update takes hardly any of the time, and products are better cut for themselves."""

COLUMNS = 4608
"""Most columns of a work item: its rows of the gradient stay in the second cache."""


class _Product(NamedTuple):
    """A gradient as A transposed @ B: ``inputs`` rows of ``outputs``, summed over ``steps``."""

    a: Tensor
    b: Tensor
    inputs: int
    outputs: int
    steps: int


def _as_product(operation: Operation, batch: int) -> _Product | None:
    dw = operation.outputs[0]
    if isinstance(operation, MatmulWeightGradient):
        x, dy = operation.inputs
        return _Product(x, dy, dw.shape[0], dw.shape[1], batch)
    if isinstance(operation, ConvolutionWeightGradient) and operation.geometry.dilation == (1, 1):
        x, dy = operation.inputs
        rows = rows_of_product(operation.geometry, x.shape, dw.shape)
        outputs = dw.shape[-1]
        if 0 < rows * batch <= MOST_STEPS:
            return _Product(x, dy, dw.values // outputs, outputs, rows * batch)
    return None


def updates_of(program: Program) -> dict[Operation, tuple[Elementwise, ...]]:
    """The weight gradients of a program that can be used up at once, with the updates that use them.

    The updates must be all that reads the gradient, must follow one another, and nothing between the
    gradient and them may touch what they change.
    """
    operations = program.operations
    positions = {operation: place for place, operation in enumerate(operations)}
    readers = readers_of(operations)
    found = {}
    for place, operation in enumerate(operations):
        gradient = operation.outputs[0]
        if _as_product(operation, program.batch) is None or gradient.values < LEAST_VALUES:
            continue
        reading = readers.get(gradient, [])
        if gradient in program.outputs.values() or len(reading) != 1:
            continue
        updates = _chain(operations[positions[reading[0]] :], gradient)
        changed = {update.outputs[0] for update in updates}
        between = operations[place + 1 : positions[reading[0]]]
        if updates and not any(changed & {*other.inputs, *other.outputs} for other in between):
            found[operation] = updates
    return found


def _chain(operations: Sequence[Operation], gradient: Tensor) -> tuple[Elementwise, ...]:
    """The update formulas at the beginning, as far as each works number by number."""
    chain: list[Elementwise] = []
    for operation in operations:
        usable = isinstance(operation, Elementwise) and operation.outputs[0].shape == gradient.shape
        if not usable or not all(
            tensor.shape == gradient.shape or tensor.values == 1 for tensor in operation.inputs
        ):
            break
        known = {gradient, *(update.outputs[0] for update in chain)}
        if not any(tensor in known for tensor in operation.inputs):
            break
        assert isinstance(operation, Elementwise)
        chain.append(operation)
    return tuple(chain)


def emit_updating(
    operation: Operation, updates: tuple[Elementwise, ...], batch: int, *, paired: bool = False
) -> list[Launch]:
    """The gradient row tile by row tile into memory of the worker, then the updates of those rows.

    ``paired`` rounds what is multiplied to bfloat16.
    """
    product = _as_product(operation, batch)
    assert product is not None
    pairing: list[Launch] = []
    if paired:
        paired_a, pairing_a = pairs_of_rows(product.a, 1, product.steps, product.inputs)
        paired_b, pairing_b = pairs_of_rows(product.b, 1, product.steps, product.outputs)
        product = product._replace(a=paired_a, b=paired_b, steps=blocks(product.steps, 2))
        pairing = [pairing_a, pairing_b]
    gradient = operation.outputs[0]
    high, vectors = tile_shape(product.inputs)
    panel = vectors * WIDTH
    columns = min(blocks(product.outputs, panel), COLUMNS // panel) * panel
    across = blocks(product.outputs, columns)
    tiles = blocks(product.inputs, high)
    rows_per_item = high * max(1, blocks(tiles * across, 4 * ITEMS))
    scratch = high * min(columns, blocks(product.outputs, WIDTH) * WIDTH)
    tensors, constants, lines = _update_lines(gradient, updates, first=13)
    arguments: tuple[Argument, ...] = (
        Place(product.a),
        Place(product.b),
        product.inputs,
        product.outputs,
        product.steps,
        rows_per_item,
        columns,
        across,
        scratch // high,
        Scratch(),
        scratch,
        0,
        0,
        *(Place(tensor) for tensor in tensors),
        *(Real(value) for value in constants),
    )
    built = _kernel(product, (high, panel), lines, paired)
    items = blocks(product.inputs, rows_per_item) * across
    writes = tuple(update.outputs[0] for update in updates)
    note = f"{operation!r}; {'; '.join(map(repr, updates))}"
    return [
        launch._replace(origin=operation.origin, phase=operation.phase, note=note)
        for launch in (*pairing, Launch(built, arguments, items, writes, scratch))
    ]


def _update_lines(
    gradient: Tensor, updates: tuple[Elementwise, ...], first: int
) -> tuple[list[Tensor], list[float], tuple[list[str], list[str]]]:
    """What the updates read and write, their constants, and two pieces of code: what comes once, and
    the loop over a row of ``width`` numbers; g is the row of the gradient, place the first number."""
    tensors: list[Tensor] = []
    constants: list[float] = []
    bodies = []
    for update in updates:
        code = formula(update.expression)
        first_constant = len(constants)

        def own(name: str, before: int = first_constant) -> str:
            return f"k{before + int(name[1:])}" if name[0] == "k" else name

        constants += code.constants
        for tensor in (*update.inputs, update.outputs[0]):
            if tensor is not gradient and tensor not in tensors:
                tensors.append(tensor)
        bodies.append((update, renamed(code, own)))
    head = [f"p{n} = integer(arguments, {first + n})" for n in range(len(tensors))]
    head += [f"k{n} = real(arguments, {first + len(tensors) + n})" for n in range(len(constants))]
    head += ["zero = number(0.0)", "one = number(1.0)"]
    row: list[str] = []
    for update, code in bodies:
        row += _row_loop(gradient, tensors, update, code)
    return tensors, constants, (head, row)


def _row_loop(gradient: Tensor, tensors: list[Tensor], update: Elementwise, code: Formula) -> list[str]:
    def reads(load: str, lanes: str) -> list[str]:
        lines = []
        for n, tensor in enumerate(update.inputs):
            if tensor is gradient:
                lines.append(f"x{n} = {load}(g + c * 4{lanes})")
            elif tensor.values == 1:
                lines.append(f"x{n} = load_everywhere(p{tensors.index(tensor)})")
            else:
                lines.append(f"x{n} = {load}(p{tensors.index(tensor)} + (place + c) * 4{lanes})")
        return lines

    target = f"p{tensors.index(update.outputs[0])} + (place + c) * 4"
    return by_vector(code, reads, target, place="c", start="0", end="width")


def _kernel(
    product: _Product, shape: tuple[int, int], lines: tuple[list[str], list[str]], paired: bool
) -> Kernel:
    (high, panel), (head, row_lines) = shape, lines
    tile, strides = ("tile_pairs", "2, inputs * 2") if paired else ("tile", "1, inputs")
    names = ["a", "b", "inputs", "outputs", "steps", "rows_per_item", "columns_per_item", "across"]
    body = [
        *(f"{name} = integer(arguments, {number})" for number, name in enumerate(names)),
        "broad = integer(arguments, 8)",
        "scratch = integer(arguments, 9) + worker * integer(arguments, 10) * 4",
        *head,
        "for item in range(first, last):",
        "    row_block = item // across",
        "    left = (item - row_block * across) * columns_per_item",
        "    right = min(left + columns_per_item, outputs)",
        "    width = right - left",
        "    top = row_block * rows_per_item",
        "    bottom = min(top + rows_per_item, inputs)",
    ]
    for loop, tall in down_rows(high, product.inputs % high):
        body += [f"    {line}" for line in loop]
        body += [
            f"        for step in range(0, steps, {STEP_BLOCK}):",
            f"            count = min({STEP_BLOCK}, steps - step)",
        ]
        for inner, vectors, lanes in along_columns(panel, product.outputs):
            body += [f"            {line}" for line in inner]
            body.append(
                f"                {tile}(1, {tall}, {vectors}, {lanes}, a + (row + step * inputs) * 4, 0, "
                f"{strides}, 0, b + (step * outputs + column) * 4, outputs, 0, "
                "scratch + (column - left) * 4, 0, broad, 1, count, step)"
            )
        body += [
            f"        for line in range({tall}):",
            "            g = scratch + line * broad * 4",
            "            place = (row + line) * outputs + left",
            *(f"            {line}" for line in row_lines),
        ]
    return kernel("product_update", indented(body, 1) + "\n")
