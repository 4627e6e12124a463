"""Which variant computes an operation on a target: the one place that chooses, and all there are for tuning.

``direct RxV`` reads the image in place, by tiles of R rows and V vectors of channels; ``product RxV``
and ``dot product`` are matrix products, which convolutions of 1x1 are, ``packed product`` copies the
operands into panels first, and ``im2col`` multiplies gathered windows; Winograd's are named after
their tiles. What multiplies bfloat16 says so. Which there are depends on the operation and on the
target's vectors, so a name that was right elsewhere may mean nothing here: then the cost model chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from netdsl.backend.numba.codegen.conv.convolution import (
    dot_product_input_gradient,
    emit_direct,
    emit_im2col,
    emit_packed_product,
    emit_product,
    packed_input_gradient,
    product_input_gradient,
    walk_input_gradient,
)
from netdsl.backend.numba.codegen.conv.depthwise import (
    emit_depthwise,
    emit_depthwise_input_gradient,
    emit_depthwise_weight_gradient,
    is_depthwise,
)
from netdsl.backend.numba.codegen.conv.dilation import dilated, dilated_shape, gather_taps, undilated
from netdsl.backend.numba.codegen.conv.weight_gradient import (
    im2col_weight_gradient,
    packed_weight_gradient,
    product_weight_gradient,
    walk_weight_gradient,
)
from netdsl.backend.numba.codegen.gemm.matmul import (
    dot_product,
    product,
    product_in_panels,
    product_with_transposed,
    tile_shapes,
)
from netdsl.backend.numba.codegen.gemm.packed_matmul import (
    dot_product_in_pairs,
    packed_product,
    product_in_pairs,
)
from netdsl.backend.numba.codegen.gemm.packing import Tile, rows_of_product, split_evenly
from netdsl.backend.numba.codegen.winograd.fused import convolve
from netdsl.backend.numba.codegen.winograd.staged import convolve_in_phases
from netdsl.backend.numba.codegen.winograd.weight_gradient import weight_gradient
from netdsl.backend.numba.kernel import Launch, blocks
from netdsl.backend.numba.schedule.cost_model import (
    FEW_OUTPUTS,
    HOPELESS,
    AnyConvolution,
    Form,
    as_convolution,
    best_winograd,
    gathers,
    gathers_for_weights,
    image_of,
    in_phases,
    is_product_for_weights,
    outputs_of,
    packs_blocks,
    packs_panels,
    transposes,
    weights_of,
    winograd_shares,
    worth_rounding,
)
from netdsl.backend.numba.schedule.emitters import EMIT
from netdsl.backend.numba.target import Target
from netdsl.primitives.convolution import Convolution, ConvolutionInputGradient, ConvolutionWeightGradient
from netdsl.primitives.matmul import Matmul, MatmulInputGradient
from netdsl.primitives.operation import Operation
from netdsl.primitives.tensor import Tensor
from netdsl.quantities import Size

MODEL = "model"
"""The name of whatever the cost model says."""

MOST_GATHERED = 16 * FEW_OUTPUTS
"""Outputs of all images up to which tuning tries gathered windows, which take memory for each of them."""

Emit = Callable[[], list[Launch]]


class Variant(NamedTuple):
    """A way to compute an operation: what it is called, and how it is emitted.

    ``note`` says what listings add to the operation.
    """

    name: str
    emit: Emit
    note: str = ""


def choose(
    op: Operation, batch: int, machine: Target, *, exact: bool, precision: str, forms: Mapping[str, str]
) -> Variant:
    """The variant that ``forms`` names, or else the one that is fastest by the cost model.

    ``exact`` keeps convolutions out of Winograd's domain; the others are those of Program.
    """
    if forms and isinstance(op, AnyConvolution):
        name = forms.get(key_of(op, batch, exact=exact, precision=precision), MODEL)
        found = {} if name == MODEL else forms_of(op, batch, machine, exact=exact, precision=precision)
        if name in found:
            return Variant(name, found[name], f", {name}")
    paired = precision == "bf16" and worth_rounding(op)
    if isinstance(op, AnyConvolution) and not exact:
        form = best_winograd(op, batch, machine, in_pairs=paired)
        if form is not None:
            return Variant(str(form), partial(_winograd, op, form, batch, machine), f", {form}")
    if paired:
        plain = _outside_winograd(op, batch, machine, paired=True)
        return plain._replace(note=", in bfloat16")
    return _outside_winograd(op, batch, machine, paired=False)


def key_of(op: Operation, batch: int, *, exact: bool, precision: str = "float32") -> str:
    """All that the choice depends on, but for the machine; not how many threads there are, so that
    results do not depend on it."""
    shapes = ", ".join("x".join(map(str, tensor.shape)) for tensor in (*op.inputs, *op.outputs))
    kind = f"{op.name}, exact" if exact else op.name
    kind += "" if precision == "float32" else f", {precision}"
    return f"{kind}: {shapes}, {op.details()}, batch {batch}"


def _outside_winograd(op: Operation, batch: int, machine: Target, *, paired: bool) -> Variant:
    if isinstance(op, AnyConvolution):
        if op.geometry.dilation != (1, 1):
            return Variant(
                "dilated",
                lambda: _over_dilation(
                    op,
                    lambda plain: _outside_winograd(plain, batch, machine, paired=paired).emit(),
                ),
            )
        return _CONVOLUTIONS[type(op)](op, batch, machine, paired)
    if isinstance(op, Matmul):
        (x, w), y = op.inputs, op.outputs[0]
        if paired:
            return Variant("packed product", partial(product_in_pairs, x, w, y, batch, machine))
        return _product_of_images(x, w, y, batch, machine)
    if isinstance(op, MatmulInputGradient):
        (dy, w), dx = op.inputs, op.outputs[0]
        if paired:
            return Variant("dot product", partial(dot_product_in_pairs, dy, w, dx, batch, machine))
        return _product_with_transposed(dy, w, dx, batch, machine)
    return Variant(op.name, partial(EMIT[type(op)], op, batch, machine))


def _product_of_images(x: Tensor, w: Tensor, y: Tensor, batch: int, machine: Target) -> Variant:
    """y = x @ w: the rows are the images."""
    if packs_blocks(batch, w.values, machine):
        return Variant("packed product", lambda: [packed_product(x, w, y, batch, machine)])
    columns = w.shape[-1]
    steps = w.values // columns
    return Variant("product", lambda: [product(x, (steps, 1), w, columns, y, batch, steps, columns, machine)])


def _product_with_transposed(dy: Tensor, w: Tensor, dx: Tensor, rows: int, machine: Target) -> Variant:
    """dx (rows x columns) = dy (rows x steps) @ w (columns x steps) transposed."""
    steps = w.shape[-1]
    columns = w.values // steps
    if packs_panels(rows, w.values, machine):
        return Variant(
            "packed product",
            partial(product_in_panels, dy, w, (1, steps), dx, rows, steps, columns, machine),
        )
    if transposes(rows, w.values, machine):
        return Variant("product", partial(product_with_transposed, dy, w, dx, rows, steps, columns, machine))
    return Variant("dot product", lambda: [dot_product(dy, w, dx, rows, steps, columns, machine)])


def _over_dilation(op: AnyConvolution, emit: Callable[[AnyConvolution], list[Launch]]) -> list[Launch]:
    """Emit an operation as one of the larger kernel with zeros between its taps, if it has any."""
    w, plain = weights_of(op), undilated(op.geometry)
    if op.geometry == plain:
        return emit(op)
    if isinstance(op, ConvolutionWeightGradient):
        x, dy = op.inputs
        spread = Tensor(f"{w.name}.dilated", dilated_shape(w.shape, op.geometry), batched=False)
        gradient = ConvolutionWeightGradient(spread, x, dy, plain)
        return [*emit(gradient), gather_taps(spread, w, op.geometry)]
    wide, spreading = dilated(w, op.geometry)
    return [*spreading, *emit(type(op)(op.outputs[0], op.inputs[0], wide, plain))]


def _convolution(op: Convolution, batch: int, machine: Target, paired: bool) -> Variant:
    (x, w), y = op.inputs, op.outputs[0]
    if is_depthwise(op.geometry, x.shape[2], w):
        return Variant("depthwise", partial(emit_depthwise, x, w, y, op.geometry, batch, machine))
    rows = rows_of_product(op.geometry, x.shape, w.shape)
    if rows == 1 and paired:
        return Variant("packed product", partial(product_in_pairs, x, w, y, batch, machine))
    if rows == 1:
        return _product_of_images(x, w, y, batch, machine)
    if rows and not paired:
        if packs_panels(rows * batch, w.values, machine):
            return Variant("packed product", partial(emit_packed_product, op, rows * batch, machine))
        return Variant("product", partial(emit_product, op, rows * batch, machine))
    if gathers(op, batch) and not paired:
        return Variant("im2col", partial(emit_im2col, op, batch, machine))
    return Variant("direct", partial(emit_direct, op, batch, machine, paired=paired))


def _input_gradient(op: ConvolutionInputGradient, batch: int, machine: Target, paired: bool) -> Variant:
    (dy, w), dx = op.inputs, op.outputs[0]
    if is_depthwise(op.geometry, dx.shape[2], w):
        return Variant(
            "depthwise", partial(emit_depthwise_input_gradient, dy, w, dx, op.geometry, batch, machine)
        )
    rows = rows_of_product(op.geometry, dx.shape, w.shape)
    if rows == 1 and paired:
        return Variant("dot product", partial(dot_product_in_pairs, dy, w, dx, batch, machine))
    if rows and not paired:
        return _product_with_transposed(dy, w, dx, rows * batch, machine)
    return Variant("direct", partial(walk_input_gradient, op, batch, machine, paired=paired))


def _weight_gradient(op: ConvolutionWeightGradient, batch: int, machine: Target, paired: bool) -> Variant:
    (x, dy), dw = op.inputs, op.outputs[0]
    if is_depthwise(op.geometry, x.shape[2], dw):
        return Variant(
            "depthwise", partial(emit_depthwise_weight_gradient, x, dy, dw, op.geometry, batch, machine)
        )
    rows = rows_of_product(op.geometry, x.shape, dw.shape)
    if is_product_for_weights(op, rows, machine) and not paired:
        if outputs_of(op, 1) > 1 and packs_panels(rows * batch, dw.values, machine):
            return Variant("packed product", partial(packed_weight_gradient, op, batch, machine))
        return Variant("product", partial(product_weight_gradient, op, rows * batch, machine))
    if gathers_for_weights(op, machine) and not paired:
        return Variant("im2col", partial(im2col_weight_gradient, op, batch, machine))
    return Variant("direct", partial(walk_weight_gradient, op, batch, machine, paired=paired))


_CONVOLUTIONS: dict[type[Operation], Callable[[Any, int, Target, bool], Variant]] = {
    Convolution: _convolution,
    ConvolutionInputGradient: _input_gradient,
    ConvolutionWeightGradient: _weight_gradient,
}


def _winograd(op: AnyConvolution, form: Form, batch: int, machine: Target) -> list[Launch]:
    found = as_convolution(op)
    x, y, weights, border, _ = found
    rotated = isinstance(op, ConvolutionInputGradient)
    if isinstance(op, ConvolutionWeightGradient):
        return weight_gradient(x, y, weights, border, form.variant, batch, machine, paired=form.paired)
    if form.paired or in_phases(found, form.variant, machine):
        return convolve_in_phases(
            x, weights, y, border, form.variant, batch, machine, rotated=rotated, paired=form.paired
        )
    return convolve(x, weights, y, border, form.variant, batch, machine, rotated=rotated)


# --- all that there are --------------------------------------------------------------------------


def forms_of(
    op: AnyConvolution, batch: int, machine: Target, *, exact: bool, precision: str = "float32"
) -> dict[str, Emit]:
    """Everything that there are kernels for and that may be worth while, by name."""
    if is_depthwise(op.geometry, image_of(op).shape[2], weights_of(op)):
        return {}
    plain = op.geometry.dilation == Size(1, 1)
    rows = rows_of_product(op.geometry, image_of(op).shape, weights_of(op).shape) if plain else 0
    found = _products(op, batch, rows, machine) if rows else {}
    if rows == 0 or (rows > 1 and not isinstance(op, Convolution)):
        found |= _walks(op, batch, machine, paired=False)
    if plain and rows == 0 and op.geometry.groups == 1 and outputs_of(op, batch) <= MOST_GATHERED:
        if isinstance(op, Convolution):
            found["im2col"] = partial(emit_im2col, op, batch, machine)
        elif isinstance(op, ConvolutionWeightGradient):
            found["im2col"] = partial(im2col_weight_gradient, op, batch, machine)
    if rows != 1 and precision == "bf16":
        found |= _walks(op, batch, machine, paired=True)
    if not exact:
        shares = winograd_shares(op, batch, machine, in_pairs=precision == "bf16")
        forms = [form for form in shares if shares[form] < HOPELESS]
        found |= {str(form): partial(_winograd, op, form, batch, machine) for form in forms}
    return found


def _products(op: AnyConvolution, batch: int, rows: int, machine: Target) -> dict[str, Emit]:
    """Matrix products by each shape of tile, and packed."""
    emitters: dict[type[Operation], Callable[..., list[Launch]]] = {
        Convolution: emit_product,
        ConvolutionInputGradient: product_input_gradient,
        ConvolutionWeightGradient: product_weight_gradient,
    }
    found: dict[str, Emit] = {
        f"product {tile}": partial(emitters[type(op)], op, rows * batch, machine, tile)
        for tile in tile_shapes(machine)
    }
    if isinstance(op, Convolution):
        found["packed product"] = partial(emit_packed_product, op, rows * batch, machine)
    elif isinstance(op, ConvolutionInputGradient):
        found["packed product"] = partial(packed_input_gradient, op, rows * batch, machine)
        found["dot product"] = partial(dot_product_input_gradient, op, rows * batch, machine)
    elif outputs_of(op, 1) > 1:
        found["packed product"] = partial(packed_weight_gradient, op, batch, machine)
    return found


def _walks(op: AnyConvolution, batch: int, machine: Target, *, paired: bool) -> dict[str, Emit]:
    """In place, by each tile that uses enough registers; ``paired`` in bfloat16."""
    channels = op.outputs[0].shape[-1] // op.geometry.groups
    walk = _DIRECT[type(op)]
    height, width = op.outputs[0].shape[:2]
    if isinstance(op, ConvolutionWeightGradient):
        tiles = [Tile(1, vectors) for vectors in _vectors(channels, machine)]
    elif isinstance(op, ConvolutionInputGradient):
        stride = op.geometry.stride
        phase = Size(blocks(height, stride.height), blocks(width, stride.width))
        tiles = _tiles(phase, channels, machine)
    else:
        tiles = _tiles(Size(height, width), channels, machine)

    def named(tile: Tile) -> Emit:
        return lambda: _over_dilation(op, lambda plain: walk(plain, batch, machine, tile, paired=paired))

    suffix = " in bfloat16" if paired else ""
    return {f"direct {tile}{suffix}": named(tile) for tile in tiles}


_DIRECT: dict[type[Operation], Callable[..., list[Launch]]] = {
    Convolution: emit_direct,
    ConvolutionInputGradient: walk_input_gradient,
    ConvolutionWeightGradient: walk_weight_gradient,
}


def _vectors(channels: int, machine: Target) -> range:
    """Widths of a tile; four vectors and more leave too few registers for rows."""
    return range(1, min(3, blocks(channels, machine.width)) + 1)


def _tiles(outputs: Size, channels: int, machine: Target) -> list[Tile]:
    """One row, and as many as fit where rows are short; half of the registers must have sums."""
    accumulators = machine.accumulators
    found = []
    for vectors in _vectors(channels, machine):
        most = accumulators // vectors
        columns = split_evenly(outputs.width, most)[0]
        for rows in sorted({1, min(outputs.height, most // columns)}):
            wide = split_evenly(outputs.width, most // rows)[0]
            if 2 * rows * wide * vectors >= accumulators:
                found.append(Tile(rows, vectors))
    return found
