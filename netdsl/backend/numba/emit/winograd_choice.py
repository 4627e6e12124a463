"""Which convolutions are worth taking through Winograd's domain, and by which tile."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.cpu import WIDTH
from netdsl.backend.numba.emit.panels import rows_of_product
from netdsl.backend.numba.emit.winograd import convolve, whole_vectors
from netdsl.backend.numba.emit.winograd_gradient import weight_gradient
from netdsl.backend.numba.emit.winograd_tiles import Border, Variant, mosaic, variant
from netdsl.backend.numba.kernel import Launch
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


class _Convolution(NamedTuple):
    """One of the three directions, as a convolution of x with the weights to y."""

    x: Tensor
    y: Tensor
    weights: Tensor
    border: Border
    geometry: Geometry


def emit_winograd(op: Operation, batch: int) -> list[Launch]:
    """The launches of a convolution or of one of its gradients; none where direct is better."""
    if not isinstance(op, Convolution | ConvolutionInputGradient | ConvolutionWeightGradient):
        return []
    found = _as_convolution(op)
    image = op.outputs[0] if isinstance(op, ConvolutionInputGradient) else op.inputs[0]
    is_product = rows_of_product(op.geometry, image.shape, found.weights.shape) > 0
    form = None if is_product else _best(found, batch)
    if form is None:
        return []
    if isinstance(op, ConvolutionWeightGradient):
        launches = weight_gradient(found.x, found.y, found.weights, found.border, form, batch)
    else:
        rotated = isinstance(op, ConvolutionInputGradient)
        launches = convolve(found.x, found.weights, found.y, found.border, form, batch, rotated=rotated)
    return [launch._replace(note=f"{op!r}, Winograd's {form}") for launch in launches]


def _as_convolution(op: Convolution | ConvolutionInputGradient | ConvolutionWeightGradient) -> _Convolution:
    first, second = op.inputs
    result, padding = op.outputs[0], op.geometry.padding
    border = Border(padding.top, padding.left)
    if isinstance(op, ConvolutionWeightGradient):
        return _Convolution(first, second, result, border, op.geometry)
    if isinstance(op, Convolution):
        return _Convolution(first, result, second, border, op.geometry)
    opposite = Border(second.shape[0] - 1 - padding.top, second.shape[1] - 1 - padding.left)
    return _Convolution(first, result, second, opposite, op.geometry)


def _best(found: _Convolution, batch: int) -> Variant | None:
    """The cheapest form, if it is worth leaving the direct convolution."""
    high, wide, depth, filters = found.weights.shape
    _, _, groups, dilation = found.geometry
    plain = groups == 1 and found.geometry.stride == dilation == Size(1, 1)
    if not plain or high != wide or high not in CANDIDATES:
        return None
    direct = (
        batch * found.y.shape[0] * found.y.shape[1] * high * wide * depth * whole_vectors(filters) / WIDTH
    )
    costs = {form: _cost(found, form, batch) for form in (variant(wide, high) for wide in CANDIDATES[high])}
    form = min(costs, key=lambda form: costs[form])
    return form if costs[form] < WORTH * direct else None


def _cost(found: _Convolution, form: Variant, batch: int) -> float:
    """Cycles of one core: products, tiles there and back, weights there or back."""
    _, _, depth, filters = found.weights.shape
    tiles = mosaic(batch, found.x.shape, found.y.shape, found.border, form).tiles
    products = tiles * depth * whole_vectors(filters)
    moved = tiles * (whole_vectors(depth) + whole_vectors(filters)) + depth * whole_vectors(filters)
    return form.products * (products + TRANSFORM_CYCLES * moved) / WIDTH
