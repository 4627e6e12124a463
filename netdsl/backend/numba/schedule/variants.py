"""Every variant of a convolution or a matrix product on a target, by name.

``choice`` is told of them, and tuning measures them. ``direct RxV`` reads the image in place, by tiles of R
rows and V vectors of channels; ``product RxV`` and ``dot product`` are matrix products, which convolutions
of 1x1 are, too, ``packed product`` copies the operands into panels first, and ``im2col`` multiplies gathered
windows; Winograd's are named after their tiles, ``fused`` or ``in phases`` where the cost model would take
the other way. What multiplies bfloat16 says so. Which there are depends on the operation and on the target's
vectors, so a name that was right elsewhere may mean nothing here: then the cost model chooses.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from netdsl.backend.numba.codegen.conv.convolution import (
    direct_input_gradient,
    dot_product_input_gradient,
    emit_direct,
    emit_im2col,
    emit_packed_product,
    emit_product,
    packed_input_gradient,
    product_input_gradient,
)
from netdsl.backend.numba.codegen.conv.depthwise import (
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
    Tunable,
    WinogradVariant,
    as_convolution,
    image_of,
    in_phases,
    outputs_of,
    weights_of,
    winograd_shares,
)
from netdsl.backend.numba.target import Target
from netdsl.primitives.convolution import Convolution, ConvolutionInputGradient, ConvolutionWeightGradient
from netdsl.primitives.matmul import Matmul, MatmulInputGradient
from netdsl.primitives.operation import Operation
from netdsl.program.program import PLAIN, Numerics
from netdsl.quantities import Size

MOST_GATHERED = 16 * FEW_OUTPUTS
"""Outputs of all images up to which tuning tries gathered windows, which take memory for each of them."""

Emit = Callable[[], list[Launch]]


def emit_winograd(
    op: AnyConvolution, variant: WinogradVariant, batch: int, target: Target, *, phased: bool | None = None
) -> list[Launch]:
    """The launches of a variant of Winograd's convolution; ``phased`` says whether its phases follow one
    another for all tiles, which the cost model decides where it is None."""
    found = as_convolution(op)
    x, y, weights, border, _ = found
    rotated = isinstance(op, ConvolutionInputGradient)
    if isinstance(op, ConvolutionWeightGradient):
        return weight_gradient(x, y, weights, border, variant.algorithm, batch, target, paired=variant.paired)
    if phased is None:
        phased = in_phases(found, variant.algorithm, target)
    if variant.paired or phased:
        return convolve_in_phases(
            x, weights, y, border, variant.algorithm, batch, target, rotated=rotated, paired=variant.paired
        )
    return convolve(x, weights, y, border, variant.algorithm, batch, target, rotated=rotated)


def variants_of(op: Tunable, batch: int, target: Target, numerics: Numerics = PLAIN) -> dict[str, Emit]:
    """Everything that there are kernels for and that may be worthwhile, by name."""
    if isinstance(op, AnyConvolution):
        return _of_convolution(op, batch, target, numerics)
    return _of_product(op, batch, target, numerics)


def _of_product(
    op: Matmul | MatmulInputGradient, batch: int, target: Target, numerics: Numerics
) -> dict[str, Emit]:
    """A product of the images with the weights, or with the weights transposed."""
    (x, w), y = op.inputs, op.outputs[0]
    columns = w.shape[-1]
    steps = w.values // columns
    found: dict[str, Emit] = {}
    if isinstance(op, Matmul):
        for tile in tile_shapes(target):
            arguments = x, (steps, 1), w, columns, y, batch, steps, columns, target, tile
            found[f"product {tile}"] = partial(_one, product, *arguments)
        found["packed product"] = partial(_one, packed_product, x, w, y, batch, target)
        if numerics.in_bfloat16:
            found["packed product in bfloat16"] = partial(product_in_pairs, x, w, y, batch, target)
        return found
    found["product"] = partial(product_with_transposed, x, w, y, batch, columns, steps, target)
    found["packed product"] = partial(product_in_panels, x, w, (1, columns), y, batch, columns, steps, target)
    found["dot product"] = partial(_one, dot_product, x, w, y, batch, columns, steps, target)
    if numerics.in_bfloat16:
        found["dot product in bfloat16"] = partial(dot_product_in_pairs, x, w, y, batch, target)
    return found


def _one(emit: Callable[..., Launch], *arguments: object) -> list[Launch]:
    return [emit(*arguments)]


def _of_convolution(op: AnyConvolution, batch: int, target: Target, numerics: Numerics) -> dict[str, Emit]:
    if is_depthwise(op.geometry, image_of(op).shape[2], weights_of(op)):
        return {}
    plain = op.geometry.dilation == Size(1, 1)
    rows = rows_of_product(op.geometry, image_of(op).shape, weights_of(op).shape) if plain else 0
    found = _products(op, batch, rows, target) if rows else {}
    if rows == 0 or (rows > 1 and not isinstance(op, Convolution)):
        found |= _direct_tiles(op, batch, target, paired=False)
    if plain and rows == 0 and op.geometry.groups == 1 and outputs_of(op, batch) <= MOST_GATHERED:
        if isinstance(op, Convolution):
            found["im2col"] = partial(emit_im2col, op, batch, target)
        elif isinstance(op, ConvolutionWeightGradient):
            found["im2col"] = partial(im2col_weight_gradient, op, batch, target)
    if rows != 1 and numerics.in_bfloat16:
        found |= _direct_tiles(op, batch, target, paired=True)
    if not numerics.exact:
        shares = winograd_shares(op, batch, target, in_pairs=numerics.in_bfloat16)
        variants = [variant for variant in shares if shares[variant] < HOPELESS]
        for variant in variants:
            found[str(variant)] = partial(emit_winograd, op, variant, batch, target)
            if not variant.paired and not isinstance(op, ConvolutionWeightGradient):
                phased = not in_phases(as_convolution(op), variant.algorithm, target)
                name = f"{variant}, {'in phases' if phased else 'fused'}"
                found[name] = partial(emit_winograd, op, variant, batch, target, phased=phased)
    return found


def _products(op: AnyConvolution, batch: int, rows: int, target: Target) -> dict[str, Emit]:
    """Matrix products by each shape of tile, and packed."""
    emitters: dict[type[Operation], Callable[..., list[Launch]]] = {
        Convolution: emit_product,
        ConvolutionInputGradient: product_input_gradient,
        ConvolutionWeightGradient: product_weight_gradient,
    }
    found: dict[str, Emit] = {
        f"product {tile}": partial(emitters[type(op)], op, rows * batch, target, tile)
        for tile in tile_shapes(target)
    }
    if isinstance(op, Convolution):
        found["packed product"] = partial(emit_packed_product, op, rows * batch, target)
    elif isinstance(op, ConvolutionInputGradient):
        found["packed product"] = partial(packed_input_gradient, op, rows * batch, target)
        found["dot product"] = partial(dot_product_input_gradient, op, rows * batch, target)
    elif outputs_of(op, 1) > 1:
        found["packed product"] = partial(packed_weight_gradient, op, batch, target)
    return found


def _direct_tiles(op: AnyConvolution, batch: int, target: Target, *, paired: bool) -> dict[str, Emit]:
    """In place, by each tile that uses enough registers; ``paired`` in bfloat16."""
    channels = op.outputs[0].shape[-1] // op.geometry.groups
    direct = _DIRECT[type(op)]
    height, width = op.outputs[0].shape[:2]
    if isinstance(op, ConvolutionWeightGradient):
        tiles = [Tile(1, vectors) for vectors in _vectors(channels, target)]
    elif isinstance(op, ConvolutionInputGradient):
        stride = op.geometry.stride
        phase = Size(blocks(height, stride.height), blocks(width, stride.width))
        tiles = _tiles(phase, channels, target)
    else:
        tiles = _tiles(Size(height, width), channels, target)

    def named(tile: Tile) -> Emit:
        return lambda: over_dilation(op, lambda plain: direct(plain, batch, target, tile, paired=paired))

    suffix = " in bfloat16" if paired else ""
    return {f"direct {tile}{suffix}": named(tile) for tile in tiles}


_DIRECT: dict[type[Operation], Callable[..., list[Launch]]] = {
    Convolution: emit_direct,
    ConvolutionInputGradient: direct_input_gradient,
    ConvolutionWeightGradient: direct_weight_gradient,
}


def _vectors(channels: int, target: Target) -> range:
    """Widths of a tile; four vectors and more leave too few registers for rows."""
    return range(1, min(3, blocks(channels, target.width)) + 1)


def _tiles(outputs: Size, channels: int, target: Target) -> list[Tile]:
    """One row, and as many as fit where rows are short; half of the registers must have sums."""
    accumulators = target.accumulators
    found = []
    for vectors in _vectors(channels, target):
        most = accumulators // vectors
        columns = split_evenly(outputs.width, most)[0]
        for rows in sorted({1, min(outputs.height, most // columns)}):
            wide = split_evenly(outputs.width, most // rows)[0]
            if 2 * rows * wide * vectors >= accumulators:
                found.append(Tile(rows, vectors))
    return found
