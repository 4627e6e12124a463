"""The forms that a convolution can take: the cost model chooses one, a name asks for another.

``direct RxV`` reads the image in place, by tiles of R rows and V vectors of channels; ``product RxV``
and ``dot product`` are matrix products, which convolutions of 1x1 are; Winograd's are named after
their tiles. What multiplies bfloat16 says so. Which there are depends on the operation and on the
CPU's vectors, so a name that was right elsewhere may mean nothing here: then the cost model chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from netdsl.backend.numba.codegen.conv.convolution import (
    dot_product_input_gradient,
    emit_convolution,
    emit_convolution_input_gradient,
    product_input_gradient,
    walk_input_gradient,
)
from netdsl.backend.numba.codegen.conv.depthwise import is_depthwise
from netdsl.backend.numba.codegen.conv.weight_gradient import (
    emit_convolution_weight_gradient,
    product_weight_gradient,
    walk_weight_gradient,
)
from netdsl.backend.numba.codegen.gemm.matmul import tile_shapes
from netdsl.backend.numba.codegen.gemm.packing import Tile, rows_of_product, split_evenly
from netdsl.backend.numba.kernel import Launch, blocks
from netdsl.backend.numba.schedule.winograd_choice import AnyConvolution, emit_form, winograd_shares
from netdsl.backend.numba.target import Target
from netdsl.primitives.convolution import Convolution, ConvolutionInputGradient, ConvolutionWeightGradient
from netdsl.primitives.operation import Operation
from netdsl.quantities import Size

MODEL = "model"
"""The name of whatever the cost model says."""

HOPELESS = 1.6
"""Winograd's forms that take this many times the direct convolution's time by the model are none."""

Emit = Callable[[], list[Launch]]


def emit_chosen(
    op: Operation, batch: int, forms: Mapping[str, str], machine: Target, *, exact: bool, precision: str
) -> list[Launch]:
    """The launches of the form that ``forms`` names; none where it names none that there is."""
    if not forms or not isinstance(op, AnyConvolution):
        return []
    name = forms.get(key_of(op, batch, exact=exact, precision=precision), MODEL)
    found = {} if name == MODEL else forms_of(op, batch, machine, exact=exact, precision=precision)
    if name not in found:
        return []
    return [launch._replace(note=f"{op!r}, {name}") for launch in found[name]()]


def key_of(op: Operation, batch: int, *, exact: bool, precision: str = "float32") -> str:
    """All that the choice depends on, but for the machine; not how many threads there are, so that
    results do not depend on it."""
    shapes = ", ".join("x".join(map(str, tensor.shape)) for tensor in (*op.inputs, *op.outputs))
    kind = f"{op.name}, exact" if exact else op.name
    kind += "" if precision == "float32" else f", {precision}"
    return f"{kind}: {shapes}, {op.details()}, batch {batch}"


def forms_of(
    op: AnyConvolution, batch: int, machine: Target, *, exact: bool, precision: str = "float32"
) -> dict[str, Emit]:
    """Everything that there are kernels for and that may be worth while, by name."""
    image = op.outputs[0] if isinstance(op, ConvolutionInputGradient) else op.inputs[0]
    weights = op.outputs[0] if isinstance(op, ConvolutionWeightGradient) else op.inputs[1]
    if is_depthwise(op.geometry, image.shape[2], weights):
        return {}
    rows = 0
    if op.geometry.dilation == Size(1, 1):
        rows = rows_of_product(op.geometry, image.shape, weights.shape)
    found = _products(op, batch, rows, machine) if rows else {}
    if rows == 0 or (rows > 1 and not isinstance(op, Convolution)):
        found |= _walks(op, batch, rows, machine, paired=False)
    if rows != 1 and precision == "bf16":
        found |= _walks(op, batch, rows, machine, paired=True)
    if not exact:
        shares = winograd_shares(op, batch, machine, in_pairs=precision == "bf16")
        forms = [form for form in shares if shares[form] < HOPELESS]
        found |= {str(form): partial(emit_form, op, form, batch, machine) for form in forms}
    return found


def _products(op: AnyConvolution, batch: int, rows: int, machine: Target) -> dict[str, Emit]:
    """Matrix products by each shape of tile."""
    found: dict[str, Emit] = {}
    for tile in tile_shapes(machine):
        name = f"product {tile}"
        if isinstance(op, Convolution):
            found[name] = partial(emit_convolution, op, batch, machine, tile)
        elif isinstance(op, ConvolutionInputGradient):
            found[name] = partial(product_input_gradient, op, rows * batch, machine, tile)
        else:
            found[name] = partial(product_weight_gradient, op, rows * batch, machine, tile)
    if isinstance(op, ConvolutionInputGradient):
        found["dot product"] = partial(dot_product_input_gradient, op, rows * batch, machine)
    return found


def _walks(op: AnyConvolution, batch: int, rows: int, machine: Target, *, paired: bool) -> dict[str, Emit]:
    """In place, by each tile that uses enough registers; ``paired`` in bfloat16."""

    def named(emitter: Callable[..., list[Launch]], tiles: list[Tile]) -> dict[str, Emit]:
        suffix = " in bfloat16" if paired else ""
        return {
            f"direct {tile}{suffix}": partial(emitter, op, batch, machine, tile, paired=paired)
            for tile in tiles
        }

    if isinstance(op, ConvolutionWeightGradient):
        tiles = [
            Tile(1, vectors) for vectors in _vectors(op.outputs[0].shape[3] // op.geometry.groups, machine)
        ]
        return named(walk_weight_gradient if rows else emit_convolution_weight_gradient, tiles)
    height, width, channels = op.outputs[0].shape
    if isinstance(op, Convolution):
        return named(emit_convolution, _tiles(Size(height, width), channels // op.geometry.groups, machine))
    stride = op.geometry.stride
    phase = Size(blocks(height, stride.height), blocks(width, stride.width))
    tiles = _tiles(phase, channels // op.geometry.groups, machine)
    return named(walk_input_gradient if rows else emit_convolution_input_gradient, tiles)


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
