"""Which variant computes an operation on a target: the one place that chooses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from netdsl.backend.numba.codegen.conv.convolution import (
    direct_input_gradient,
    emit_direct,
    emit_im2col,
    emit_packed_product,
    emit_product,
)
from netdsl.backend.numba.codegen.conv.depthwise import (
    emit_depthwise,
    emit_depthwise_input_gradient,
    emit_depthwise_weight_gradient,
    is_depthwise,
)
from netdsl.backend.numba.codegen.conv.dilation import over_dilation
from netdsl.backend.numba.codegen.conv.weight_gradient import (
    direct_weight_gradient,
    im2col_weight_gradient,
    packed_weight_gradient,
    product_weight_gradient,
)
from netdsl.backend.numba.codegen.gemm.matmul import (
    dot_product,
    product,
    product_in_panels,
    product_with_transposed,
)
from netdsl.backend.numba.codegen.gemm.packed_matmul import (
    dot_product_in_pairs,
    packed_product,
    product_in_pairs,
)
from netdsl.backend.numba.codegen.gemm.packing import rows_of_product
from netdsl.backend.numba.schedule.cost_model import (
    AnyConvolution,
    Tunable,
    best_winograd,
    gathers,
    gathers_for_weights,
    is_product_for_weights,
    outputs_of,
    packs_blocks,
    packs_panels,
    transposes,
    worth_rounding,
)
from netdsl.backend.numba.schedule.emitters import EMIT
from netdsl.backend.numba.schedule.variants import Emit, emit_winograd, variants_of
from netdsl.backend.numba.target import Target
from netdsl.primitives.convolution import Convolution, ConvolutionInputGradient, ConvolutionWeightGradient
from netdsl.primitives.matmul import Matmul, MatmulInputGradient
from netdsl.primitives.operation import Operation
from netdsl.primitives.tensor import Tensor
from netdsl.program.program import PLAIN, Numerics

MODEL = "model"
"""The name of whatever the cost model says."""


class Variant(NamedTuple):
    """A way to compute an operation: what it is called, and how it is emitted.

    ``note`` says what listings add to the operation.
    """

    name: str
    emit: Emit
    note: str = ""


def choose(op: Operation, batch: int, target: Target, numerics: Numerics = PLAIN) -> Variant:
    """The variant that ``numerics.variants`` names, or else the one that is fastest by the cost model.

    Exact numerics keep convolutions out of Winograd's domain.
    """
    if numerics.variants and isinstance(op, Tunable):
        name = numerics.variants.get(key_of(op, batch, numerics), MODEL)
        found = {} if name == MODEL else variants_of(op, batch, target, numerics)
        if name in found:
            return Variant(name, found[name], f", {name}")
    paired = numerics.in_bfloat16 and worth_rounding(op)
    if isinstance(op, AnyConvolution) and not numerics.exact:
        winograd = best_winograd(op, batch, target, in_pairs=paired)
        if winograd is not None:
            return Variant(
                str(winograd), partial(emit_winograd, op, winograd, batch, target), f", {winograd}"
            )
    if paired:
        plain = _outside_winograd(op, batch, target, paired=True)
        return plain._replace(note=", in bfloat16")
    return _outside_winograd(op, batch, target, paired=False)


def key_of(op: Operation, batch: int, numerics: Numerics = PLAIN) -> str:
    """All that the choice depends on, but for the target; not how many threads there are, so that
    results do not depend on it."""
    shapes = ", ".join("x".join(map(str, tensor.shape)) for tensor in (*op.inputs, *op.outputs))
    kind = f"{op.name}, exact" if numerics.exact else op.name
    kind += "" if numerics.precision == "float32" else f", {numerics.precision}"
    return f"{kind}: {shapes}, {op.details()}, batch {batch}"


def _outside_winograd(op: Operation, batch: int, target: Target, *, paired: bool) -> Variant:
    if isinstance(op, AnyConvolution):
        if op.geometry.dilation != (1, 1):
            return Variant(
                "dilated",
                lambda: over_dilation(
                    op,
                    lambda plain: _outside_winograd(plain, batch, target, paired=paired).emit(),
                ),
            )
        return _CONVOLUTIONS[type(op)](op, batch, target, paired)
    if isinstance(op, Matmul):
        (x, w), y = op.inputs, op.outputs[0]
        if paired:
            return Variant("packed product", partial(product_in_pairs, x, w, y, batch, target))
        return _product_of_images(x, w, y, batch, target)
    if isinstance(op, MatmulInputGradient):
        (dy, w), dx = op.inputs, op.outputs[0]
        if paired:
            return Variant("dot product", partial(dot_product_in_pairs, dy, w, dx, batch, target))
        return _product_with_transposed(dy, w, dx, batch, target)
    return Variant(op.name, partial(EMIT[type(op)], op, batch, target))


def _product_of_images(x: Tensor, w: Tensor, y: Tensor, batch: int, target: Target) -> Variant:
    """y = x @ w: the rows are the images."""
    if packs_blocks(batch, w.values, target):
        return Variant("packed product", lambda: [packed_product(x, w, y, batch, target)])
    columns = w.shape[-1]
    steps = w.values // columns
    return Variant("product", lambda: [product(x, (steps, 1), w, columns, y, batch, steps, columns, target)])


def _product_with_transposed(dy: Tensor, w: Tensor, dx: Tensor, rows: int, target: Target) -> Variant:
    """dx (rows x columns) = dy (rows x steps) @ w (columns x steps) transposed."""
    steps = w.shape[-1]
    columns = w.values // steps
    if packs_panels(rows, w.values, target):
        return Variant(
            "packed product",
            partial(product_in_panels, dy, w, (1, steps), dx, rows, steps, columns, target),
        )
    if transposes(rows, w.values, target):
        return Variant("product", partial(product_with_transposed, dy, w, dx, rows, steps, columns, target))
    return Variant("dot product", lambda: [dot_product(dy, w, dx, rows, steps, columns, target)])


def _convolution(op: Convolution, batch: int, target: Target, paired: bool) -> Variant:
    (x, w), y = op.inputs, op.outputs[0]
    if is_depthwise(op.geometry, x.shape[2], w):
        return Variant("depthwise", partial(emit_depthwise, x, w, y, op.geometry, batch, target))
    rows = rows_of_product(op.geometry, x.shape, w.shape)
    if rows == 1 and paired:
        return Variant("packed product", partial(product_in_pairs, x, w, y, batch, target))
    if rows == 1:
        return _product_of_images(x, w, y, batch, target)
    if rows and not paired:
        if packs_panels(rows * batch, w.values, target):
            return Variant("packed product", partial(emit_packed_product, op, rows * batch, target))
        return Variant("product", partial(emit_product, op, rows * batch, target))
    if gathers(op, batch) and not paired:
        return Variant("im2col", partial(emit_im2col, op, batch, target))
    return Variant("direct", partial(emit_direct, op, batch, target, paired=paired))


def _input_gradient(op: ConvolutionInputGradient, batch: int, target: Target, paired: bool) -> Variant:
    (dy, w), dx = op.inputs, op.outputs[0]
    if is_depthwise(op.geometry, dx.shape[2], w):
        return Variant(
            "depthwise", partial(emit_depthwise_input_gradient, dy, w, dx, op.geometry, batch, target)
        )
    rows = rows_of_product(op.geometry, dx.shape, w.shape)
    if rows == 1 and paired:
        return Variant("dot product", partial(dot_product_in_pairs, dy, w, dx, batch, target))
    if rows and not paired:
        return _product_with_transposed(dy, w, dx, rows * batch, target)
    return Variant("direct", partial(direct_input_gradient, op, batch, target, paired=paired))


def _weight_gradient(op: ConvolutionWeightGradient, batch: int, target: Target, paired: bool) -> Variant:
    (x, dy), dw = op.inputs, op.outputs[0]
    if is_depthwise(op.geometry, x.shape[2], dw):
        return Variant(
            "depthwise", partial(emit_depthwise_weight_gradient, x, dy, dw, op.geometry, batch, target)
        )
    rows = rows_of_product(op.geometry, x.shape, dw.shape)
    if is_product_for_weights(op, rows, target) and not paired:
        if outputs_of(op, 1) > 1 and packs_panels(rows * batch, dw.values, target):
            return Variant("packed product", partial(packed_weight_gradient, op, batch, target))
        return Variant("product", partial(product_weight_gradient, op, rows * batch, target))
    if gathers_for_weights(op, target) and not paired:
        return Variant("im2col", partial(im2col_weight_gradient, op, batch, target))
    return Variant("direct", partial(direct_weight_gradient, op, batch, target, paired=paired))


_CONVOLUTIONS: dict[type[Operation], Callable[[Any, int, Target, bool], Variant]] = {
    Convolution: _convolution,
    ConvolutionInputGradient: _input_gradient,
    ConvolutionWeightGradient: _weight_gradient,
}
