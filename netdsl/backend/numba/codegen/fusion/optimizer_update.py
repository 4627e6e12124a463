"""Weight gradients that go straight into the optimizer's update and are never stored.

A tile of rows of the gradient is still in cache when the formulas of the update need it; writing all
of it to memory and reading it back takes as long as the update itself. Where the gradient of the
inputs reads the same large weights, it takes them row by row before they change, so that they come
out of memory once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netdsl.backend.numba.codegen.fusion.shared_weight_read import ARGUMENTS, Along, rows_for_both
from netdsl.backend.numba.codegen.fusion.update_kernel import update_code, update_kernel
from netdsl.backend.numba.codegen.gemm.bfloat16_packing import pairs_along_rows, pairs_of_rows
from netdsl.backend.numba.codegen.gemm.matmul import tile_shape
from netdsl.backend.numba.codegen.gemm.packing import ITEMS, rows_of_product
from netdsl.backend.numba.kernel import Launch, Named, PerWorker, blocks, named
from netdsl.backend.numba.target import Target
from netdsl.primitives.convolution import ConvolutionWeightGradient
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.matmul import MatmulInputGradient, MatmulWeightGradient
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

    The updates must be all that reads the gradient, as often as they do, must follow one another, and
    nothing between the gradient and them may touch what they change. Where layers share weights, the updates
    read several gradients: the last one is used up, and those before it are stored.
    """
    operations = program.operations
    positions = {operation: place for place, operation in enumerate(operations)}
    readers = readers_of(operations)
    found: dict[Operation, tuple[Elementwise, ...]] = {}
    taken: set[Elementwise] = set()
    for place, operation in reversed(tuple(enumerate(operations))):
        gradient = operation.outputs[0]
        if _as_product(operation, program.batch) is None or gradient.values < LEAST_VALUES:
            continue
        reading = readers.get(gradient, [])
        if gradient in program.outputs.values() or not reading:
            continue
        updates = _chain(operations[positions[reading[0]] :], gradient)
        if not set(updates).issuperset(reading) or not taken.isdisjoint(updates):
            continue
        changed = {update.outputs[0] for update in updates}
        between = operations[place + 1 : positions[reading[0]]]
        if updates and not any(changed & {*other.inputs, *other.outputs} for other in between):
            found[operation] = updates
            taken.update(updates)
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
    operation: Operation,
    updates: tuple[Elementwise, ...],
    batch: int,
    machine: Target,
    *,
    paired: bool = False,
    before: MatmulInputGradient | None = None,
) -> list[Launch]:
    """The gradient row tile by row tile into memory of the worker, then the updates of those rows.

    ``paired`` rounds what is multiplied to bfloat16. ``before`` is a gradient that reads the rows
    before they change; see ``both_gradients``.
    """
    product = _as_product(operation, batch)
    assert product is not None
    shape = tile_shape(product.inputs, machine) if before is None else rows_for_both(machine)
    panel = shape.vectors * machine.width
    columns = min(blocks(product.outputs, panel), COLUMNS // panel) * panel
    across = blocks(product.outputs, columns)
    tiles = blocks(product.inputs, shape.rows)
    rows_per_item = shape.rows * max(1, blocks(tiles * across, 4 * ITEMS))
    row = min(columns, blocks(product.outputs, machine.width) * machine.width)
    update = update_code(operation.outputs[0], updates)
    along: Along | None = None
    read_before: dict[str, Named] = dict.fromkeys(ARGUMENTS, 0)
    launches: list[Launch] = []
    if before is not None:
        along = Along(batch, update.tensors.index(before.inputs[1]), paired)
        read_before, launches = _read_before(before, batch, paired)
    if paired:
        product, pairing = _in_pairs(product)
        launches += pairing
    given = named(
        a=product.a,
        b=product.b,
        inputs=product.inputs,
        outputs=product.outputs,
        steps=product.steps,
        rows_per_item=rows_per_item,
        columns_per_item=columns,
        across=across,
        broad=row,
        scratch=PerWorker(0),
        **read_before,
        **update.given,
    )
    first = () if before is None else (before,)
    launch = Launch(
        update_kernel(given, shape, (product.inputs, product.outputs), update, along, machine, paired=paired),
        given.values,
        blocks(product.inputs, rows_per_item) * across,
        tuple(one.outputs[0] for one in (*first, *updates)),
        shape.rows * row + (along.scratch_floats(shape.rows, product.outputs) if along else 0),
    )
    note = "; ".join(map(repr, (*first, operation, *updates)))
    return [
        one._replace(origin=operation.origin, phase=operation.phase, note=note) for one in (*launches, launch)
    ]


def _read_before(
    before: MatmulInputGradient, batch: int, paired: bool
) -> tuple[dict[str, Named], list[Launch]]:
    """What the kernel reads and writes for it, and what must be ready."""
    dy, w = before.inputs
    halving = []
    if paired:
        dy, launch = pairs_along_rows(dy, batch, w.shape[1])
        halving = [launch]
    return dict(zip(ARGUMENTS, (dy, before.outputs[0], batch), strict=True)), halving


def _in_pairs(product: _Product) -> tuple[_Product, list[Launch]]:
    a, pairing_a = pairs_of_rows(product.a, 1, product.steps, product.inputs)
    b, pairing_b = pairs_of_rows(product.b, 1, product.steps, product.outputs)
    return product._replace(a=a, b=b, steps=blocks(product.steps, 2)), [pairing_a, pairing_b]
