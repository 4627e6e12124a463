"""Weight gradients that go straight into the optimizer's update and are never stored.

A tile of rows of the gradient is still in cache when the formulas of the update need it; writing all
of it to memory and reading it back takes as long as the update itself. Where the gradient of the
inputs reads the same large weights, it takes them row by row before they change, so that they come
out of memory once.
"""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.codegen.fusion.shared_weight_read import ARGUMENTS, InputGradientCode, rows_for_both
from netdsl.backend.numba.codegen.fusion.update_kernel import update_code, update_kernel
from netdsl.backend.numba.codegen.gemm.bfloat16_packing import pairs_along_rows, pairs_of_rows
from netdsl.backend.numba.codegen.gemm.matmul import tile_shape
from netdsl.backend.numba.codegen.gemm.packing import ITEMS, rows_of_product
from netdsl.backend.numba.kernel import Launch, Named, PerWorker, blocks, labelled, named
from netdsl.backend.numba.target import Target
from netdsl.primitives.convolution import ConvolutionWeightGradient
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.matmul import MatmulInputGradient, MatmulWeightGradient
from netdsl.primitives.operation import Operation
from netdsl.primitives.tensor import Tensor

COLUMNS = 4608
"""Most columns of a work item: its rows of the gradient stay in the second cache."""


class Product(NamedTuple):
    """A gradient as A transposed @ B: ``inputs`` rows of ``outputs``, summed over ``steps``."""

    a: Tensor
    b: Tensor
    inputs: int
    outputs: int
    steps: int


def as_product(operation: Operation, batch: int) -> Product | None:
    """A gradient of weights as a product of matrices, if it is one."""
    dw = operation.outputs[0]
    if isinstance(operation, MatmulWeightGradient):
        x, dy = operation.inputs
        return Product(x, dy, dw.shape[0], dw.shape[1], batch)
    if isinstance(operation, ConvolutionWeightGradient) and operation.geometry.dilation == (1, 1):
        x, dy = operation.inputs
        rows = rows_of_product(operation.geometry, x.shape, dw.shape)
        outputs = dw.shape[-1]
        if rows:
            return Product(x, dy, dw.values // outputs, outputs, rows * batch)
    return None


def emit_updating(
    operation: Operation,
    updates: tuple[Elementwise, ...],
    batch: int,
    target: Target,
    *,
    paired: bool = False,
    before: MatmulInputGradient | None = None,
) -> list[Launch]:
    """The gradient row tile by row tile into memory of the worker, then the updates of those rows.

    ``paired`` rounds what is multiplied to bfloat16. ``before`` is a gradient that reads the rows
    before they change; see ``both_gradients``.
    """
    product = as_product(operation, batch)
    assert product is not None
    shape = tile_shape(product.inputs, target) if before is None else rows_for_both(target)
    panel = shape.vectors * target.width
    columns = min(blocks(product.outputs, panel), COLUMNS // panel) * panel
    across = blocks(product.outputs, columns)
    tiles = blocks(product.inputs, shape.rows)
    rows_per_item = shape.rows * max(1, blocks(tiles * across, 4 * ITEMS))
    row = min(columns, blocks(product.outputs, target.width) * target.width)
    update = update_code(operation.outputs[0], updates)
    input_gradient: InputGradientCode | None = None
    read_before: dict[str, Named] = dict.fromkeys(ARGUMENTS, 0)
    launches: list[Launch] = []
    if before is not None:
        input_gradient = InputGradientCode(batch, update.tensors.index(before.inputs[1]), paired)
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
        update_kernel(
            given, shape, (product.inputs, product.outputs), update, input_gradient, target, paired=paired
        ),
        given.values,
        blocks(product.inputs, rows_per_item) * across,
        tuple(one.outputs[0] for one in (*first, *updates)),
        shape.rows * row
        + (input_gradient.scratch_floats(shape.rows, product.outputs) if input_gradient else 0),
    )
    note = "; ".join(map(repr, (*first, operation, *updates)))
    return labelled([*launches, launch], operation, note)


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


def _in_pairs(product: Product) -> tuple[Product, list[Launch]]:
    a, pairing_a = pairs_of_rows(product.a, 1, product.steps, product.inputs)
    b, pairing_b = pairs_of_rows(product.b, 1, product.steps, product.outputs)
    return product._replace(a=a, b=b, steps=blocks(product.steps, 2)), [pairing_a, pairing_b]
