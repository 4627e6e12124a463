"""Which convolutions are worth taking through Winograd's domain, and by which tile."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.codegen.conv.im2col import is_gathered
from netdsl.backend.numba.codegen.gemm.packing import rows_of_product
from netdsl.backend.numba.codegen.winograd.fused import convolve
from netdsl.backend.numba.codegen.winograd.planes import whole_vectors
from netdsl.backend.numba.codegen.winograd.staged import convolve_in_phases
from netdsl.backend.numba.codegen.winograd.tiles import Border, Variant, mosaic, variant
from netdsl.backend.numba.codegen.winograd.weight_gradient import weight_gradient
from netdsl.backend.numba.kernel import Launch
from netdsl.backend.numba.target import Target
from netdsl.primitives.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionWeightGradient,
    Geometry,
)
from netdsl.primitives.operation import Operation
from netdsl.primitives.tensor import Tensor
from netdsl.quantities import Size

CANDIDATES = {3: (4, 2), 5: (4, 2)}
"""Outputs of a tile that are tried, by the side of the kernel.

F(4x4, 5x5) rounds about as F(4x4, 3x3) does with the usual points. F(6x6, 3x3) rounds several
times worse and is hardly faster, for what it saves in products it loses in transforms.
"""

TRANSFORM_CYCLES = 12
"""Cycles to move one vector into Winograd's domain or out of it, memory included; a multiplication
of vectors takes one."""

WORTH = 0.8
"""The share of the direct convolution's time below which it is left."""


PHASES_ROWS = 12
"""Tiles that a work item has to have in its cache, or else the phases follow one another for all."""

PAIRED_CANDIDATES = {3: (4, 2), 5: (3, 2)}
"""The same in pairs of bfloat16. F(4x4, 5x5) would lose more than four of their eight bits."""

PAIRS_SHARE = 0.55
"""The time of a product in pairs of bfloat16, rounding included, as a share of one in float32."""


class Form(NamedTuple):
    """A variant, and whether it multiplies pairs of bfloat16."""

    variant: Variant
    paired: bool

    def __str__(self) -> str:
        return f"Winograd's {self.variant}" + (" in bfloat16" if self.paired else "")


class _Convolution(NamedTuple):
    """One of the three directions, as a convolution of x with the weights to y."""

    x: Tensor
    y: Tensor
    weights: Tensor
    border: Border
    geometry: Geometry


AnyConvolution = Convolution | ConvolutionInputGradient | ConvolutionWeightGradient


def emit_winograd(
    op: Operation, batch: int, machine: Target, *, direct_in_pairs: bool = False
) -> list[Launch]:
    """The launches of a convolution or of one of its gradients; none where direct is better.

    ``direct_in_pairs``: the direct form would multiply pairs of bfloat16, and this may do so too.
    """
    if not isinstance(op, AnyConvolution):
        return []
    shares = winograd_shares(op, batch, machine, in_pairs=direct_in_pairs)
    form = min(shares, key=lambda form: shares[form], default=None)
    return [] if form is None or shares[form] >= WORTH else emit_form(op, form, batch, machine)


def winograd_shares(op: AnyConvolution, batch: int, machine: Target, *, in_pairs: bool) -> dict[Form, float]:
    """The forms that there are for it, with the share of the direct convolution's time that they
    take by the cost model."""
    found = _as_convolution(op)
    image = op.outputs[0] if isinstance(op, ConvolutionInputGradient) else op.inputs[0]
    high, wide, depth, filters = found.weights.shape
    _, _, groups, dilation = found.geometry
    plain = groups == 1 and found.geometry.stride == dilation == Size(1, 1)
    if not plain or high != wide or high not in CANDIDATES:
        return {}
    if rows_of_product(op.geometry, image.shape, found.weights.shape):
        return {}
    if isinstance(op, Convolution) and is_gathered(op, batch):
        return {}
    direct = (
        batch
        * found.y.shape[0]
        * found.y.shape[1]
        * high
        * wide
        * depth
        * whole_vectors(filters, machine)
        / machine.width
    )
    forms = [Form(variant(wide, high), paired=False) for wide in CANDIDATES[high]]
    if in_pairs:
        direct *= PAIRS_SHARE
        forms += [Form(variant(wide, high), paired=True) for wide in PAIRED_CANDIDATES[high]]
    return {form: _cost(found, form, batch, machine) / direct for form in forms}


def emit_form(op: AnyConvolution, form: Form, batch: int, machine: Target) -> list[Launch]:
    """The launches of one form."""
    found = _as_convolution(op)
    x, y, weights, border, _ = found
    rotated = isinstance(op, ConvolutionInputGradient)
    if isinstance(op, ConvolutionWeightGradient):
        launches = weight_gradient(x, y, weights, border, form.variant, batch, machine, paired=form.paired)
    elif form.paired or _in_phases(found, form.variant, machine):
        launches = convolve_in_phases(
            x, weights, y, border, form.variant, batch, machine, rotated=rotated, paired=form.paired
        )
    else:
        launches = convolve(x, weights, y, border, form.variant, batch, machine, rotated=rotated)
    return [launch._replace(note=f"{op!r}, {form}") for launch in launches]


def _as_convolution(op: AnyConvolution) -> _Convolution:
    first, second = op.inputs
    result, padding = op.outputs[0], op.geometry.padding
    border = Border(padding.top, padding.left)
    if isinstance(op, ConvolutionWeightGradient):
        return _Convolution(first, second, result, border, op.geometry)
    if isinstance(op, Convolution):
        return _Convolution(first, result, second, border, op.geometry)
    opposite = Border(second.shape[0] - 1 - padding.top, second.shape[1] - 1 - padding.left)
    return _Convolution(first, result, second, opposite, op.geometry)


def _in_phases(found: _Convolution, form: Variant, machine: Target) -> bool:
    """Whether tiles are so large that few of them fit the cache of a work item."""
    depth, width = (
        whole_vectors(found.weights.shape[2], machine),
        whole_vectors(found.weights.shape[3], machine),
    )
    return form.products * (depth + width) * PHASES_ROWS > machine.second_cache_floats


def _cost(found: _Convolution, form: Form, batch: int, machine: Target) -> float:
    """Cycles of one core: products, tiles there and back, weights there or back."""
    _, _, depth, filters = found.weights.shape
    tiles = mosaic(batch, found.x.shape, found.y.shape, found.border, form.variant).tiles
    products = tiles * depth * whole_vectors(filters, machine) * (PAIRS_SHARE if form.paired else 1.0)
    moved = tiles * (whole_vectors(depth, machine) + whole_vectors(filters, machine)) + depth * whole_vectors(
        filters, machine
    )
    return form.variant.products * (products + TRANSFORM_CYCLES * moved) / machine.width
