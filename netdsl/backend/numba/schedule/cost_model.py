"""Which way of computing an operation is worthwhile on a target: every threshold, with its reason.

Nothing is emitted here. ``choice`` asks, and ``codegen`` writes what was chosen.
"""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.codegen.conv.depthwise import is_depthwise
from netdsl.backend.numba.codegen.gemm.matmul import MOST_BATCH_ROWS
from netdsl.backend.numba.codegen.gemm.packing import rows_of_product
from netdsl.backend.numba.codegen.winograd.planes import whole_vectors
from netdsl.backend.numba.codegen.winograd.tiles import Border, WinogradAlgorithm, mosaic, winograd_algorithm
from netdsl.backend.numba.target import Target
from netdsl.primitives.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionWeightGradient,
    Geometry,
)
from netdsl.primitives.matmul import Matmul, MatmulInputGradient
from netdsl.primitives.operation import Operation
from netdsl.primitives.tensor import Tensor
from netdsl.quantities import Size

AnyConvolution = Convolution | ConvolutionInputGradient | ConvolutionWeightGradient
Tunable = AnyConvolution | Matmul | MatmulInputGradient
"""Operations with several variants. The weight gradient of a matrix product has one."""

# --- matrix products -----------------------------------------------------------------------------

LEAST_BATCH_ROWS = 8
"""Of fewer images the copy of the weights takes longer than the products."""

LEAST_TRANSPOSED = 16
"""Rows from which on a small matrix is transposed for them."""


def packs_blocks(rows: int, weights: int, target: Target) -> bool:
    """Whether a product of few rows copies its weights block by block."""
    return LEAST_BATCH_ROWS <= rows <= MOST_BATCH_ROWS and weights > target.second_cache_floats


def packs_panels(rows: int, weights: int, target: Target) -> bool:
    """Whether a product of many rows has its weights copied into panels first.

    Read where they are, the rows of a panel fall on the same lines of the caches where their length is a
    power of 2.
    """
    return rows > MOST_BATCH_ROWS and weights > target.first_cache_floats


def transposes(rows: int, weights: int, target: Target) -> bool:
    """Whether weights are transposed first: it takes little of the time for many rows, or of few weights."""
    return rows > MOST_BATCH_ROWS or (rows >= LEAST_TRANSPOSED and weights <= target.second_cache_floats)


# --- convolutions --------------------------------------------------------------------------------

FEW_OUTPUTS = 64
"""Outputs of all images that use each weight too seldom for moving the weights first."""

LEAST_GATHERED = 2**14
"""Fewer weights are moved in no time."""

FEW_POSITIONS = 16
"""Outputs of an image that are too few to be summed by themselves."""


def outputs_of(op: AnyConvolution, batch: int) -> int:
    """Positions of the smaller volume, of all images."""
    y = op.outputs[0] if isinstance(op, Convolution) else op.inputs[0]
    y = op.inputs[1] if isinstance(op, ConvolutionWeightGradient) else y
    return batch * y.shape[0] * y.shape[1]


def gathers(op: Convolution, batch: int) -> bool:
    """Whether it is best done as a matrix product of its windows with the weights as they are."""
    plain = op.geometry.groups == 1 and op.geometry.dilation == Size(1, 1)
    return plain and outputs_of(op, batch) <= FEW_OUTPUTS and op.inputs[1].values >= LEAST_GATHERED


def gathers_for_weights(op: ConvolutionWeightGradient, target: Target) -> bool:
    """The same of the gradient of many weights over few positions."""
    few = outputs_of(op, 1) <= FEW_POSITIONS
    return op.geometry.groups == 1 and few and op.outputs[0].values > target.second_cache_floats


def is_product_for_weights(op: ConvolutionWeightGradient, rows: int, target: Target) -> bool:
    """Whether a gradient of a product of ``rows`` rows an image is one product; small ones are cut along the
    images instead."""
    return rows == 1 or (rows > 1 and op.outputs[0].values > target.second_cache_floats)


LEAST_WASTE = 1.25
"""How many times the vectors that its channels fill a convolution must take before it is worth it."""


# --- bfloat16 ------------------------------------------------------------------------------------

LEAST_PAIRED_WEIGHTS = 2**12
"""Of a layer's smaller matrices the rounding takes longer than the products."""

LEAST_PAIRED_SIDE = 16
"""Filters, and numbers that one sums, from which on each rounded number is used often enough."""


def worth_rounding(op: Operation) -> bool:
    """Whether a product is faster in pairs of bfloat16 than in float32, rounding included."""
    if isinstance(op, Matmul | MatmulInputGradient):
        return op.inputs[1].values >= LEAST_PAIRED_WEIGHTS
    if not isinstance(op, AnyConvolution):
        return False
    w, geometry = weights_of(op), op.geometry
    high, wide, depth, filters = w.shape
    if is_depthwise(geometry, image_of(op).shape[2], w) or w.values < LEAST_PAIRED_WEIGHTS:
        return False
    return filters // geometry.groups >= LEAST_PAIRED_SIDE and high * wide * depth >= LEAST_PAIRED_SIDE


def weights_of(op: AnyConvolution) -> Tensor:
    return op.outputs[0] if isinstance(op, ConvolutionWeightGradient) else op.inputs[1]


def image_of(op: AnyConvolution) -> Tensor:
    """The larger volume: what is convolved, or its gradient."""
    return op.outputs[0] if isinstance(op, ConvolutionInputGradient) else op.inputs[0]


# --- Winograd's domain ---------------------------------------------------------------------------

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

HOPELESS = 1.6
"""Variants of Winograd's that take this many times the direct convolution's time by the model are none."""


class WinogradVariant(NamedTuple):
    """An algorithm of Winograd, and whether it multiplies pairs of bfloat16."""

    algorithm: WinogradAlgorithm
    paired: bool

    def __str__(self) -> str:
        return f"Winograd's {self.algorithm}" + (" in bfloat16" if self.paired else "")


class DirectedConvolution(NamedTuple):
    """One of the three directions, as a convolution of x with the weights to y."""

    x: Tensor
    y: Tensor
    weights: Tensor
    border: Border
    geometry: Geometry


def best_winograd(
    op: AnyConvolution, batch: int, target: Target, *, in_pairs: bool
) -> WinogradVariant | None:
    """Its fastest variant by the model, where it is worthwhile.

    ``in_pairs``: the direct variant would multiply pairs of bfloat16, and this may do so too.
    """
    shares = winograd_shares(op, batch, target, in_pairs=in_pairs)
    variant = min(shares, key=lambda variant: shares[variant], default=None)
    return None if variant is None or shares[variant] >= WORTH else variant


def winograd_shares(
    op: AnyConvolution, batch: int, target: Target, *, in_pairs: bool
) -> dict[WinogradVariant, float]:
    """The variants that there are for it, with the share of the direct convolution's time that they
    take by the cost model."""
    found = as_convolution(op)
    high, wide, depth, filters = found.weights.shape
    _, _, groups, dilation = found.geometry
    plain = groups == 1 and found.geometry.stride == dilation == Size(1, 1)
    if not plain or high != wide or high not in CANDIDATES:
        return {}
    if rows_of_product(op.geometry, image_of(op).shape, found.weights.shape):
        return {}
    if isinstance(op, Convolution) and gathers(op, batch):
        return {}
    direct = (
        batch
        * found.y.shape[0]
        * found.y.shape[1]
        * high
        * wide
        * depth
        * whole_vectors(filters, target)
        / target.width
    )
    variants = [WinogradVariant(winograd_algorithm(wide, high), paired=False) for wide in CANDIDATES[high]]
    if in_pairs:
        direct *= PAIRS_SHARE
        variants += [
            WinogradVariant(winograd_algorithm(wide, high), paired=True) for wide in PAIRED_CANDIDATES[high]
        ]
    return {variant: _cost(found, variant, batch, target) / direct for variant in variants}


def as_convolution(op: AnyConvolution) -> DirectedConvolution:
    first, second = op.inputs
    result, padding = op.outputs[0], op.geometry.padding
    border = Border(padding.top, padding.left)
    if isinstance(op, ConvolutionWeightGradient):
        return DirectedConvolution(first, second, result, border, op.geometry)
    if isinstance(op, Convolution):
        return DirectedConvolution(first, result, second, border, op.geometry)
    opposite = Border(second.shape[0] - 1 - padding.top, second.shape[1] - 1 - padding.left)
    return DirectedConvolution(first, result, second, opposite, op.geometry)


def in_phases(found: DirectedConvolution, algorithm: WinogradAlgorithm, target: Target) -> bool:
    """Whether tiles are so large that few of them fit the cache of a work item."""
    depth, width = (
        whole_vectors(found.weights.shape[2], target),
        whole_vectors(found.weights.shape[3], target),
    )
    return algorithm.products * (depth + width) * PHASES_ROWS > target.second_cache_floats


def _cost(found: DirectedConvolution, variant: WinogradVariant, batch: int, target: Target) -> float:
    """Cycles of one core: products, tiles there and back, weights there or back."""
    _, _, depth, filters = found.weights.shape
    tiles = mosaic(batch, found.x.shape, found.y.shape, found.border, variant.algorithm).tiles
    products = tiles * depth * whole_vectors(filters, target) * (PAIRS_SHARE if variant.paired else 1.0)
    moved = tiles * (whole_vectors(depth, target) + whole_vectors(filters, target)) + depth * whole_vectors(
        filters, target
    )
    return variant.algorithm.products * (products + TRANSFORM_CYCLES * moved) / target.width


# --- fusion --------------------------------------------------------------------------------------

LEAST_UPDATED = 2**14
"""Smaller gradients stay in cache anyway."""

MOST_UPDATE_STEPS = 512
"""Beyond it the update takes hardly any of the time, and products are better cut for themselves."""

MOST_SHARED_OUTPUTS = 4608
"""Numbers of a row of weights: a few rows stay in the second cache."""


MOST_TOGETHER = 6
"""Formulas of one launch: a gradient added up, an update of three arrays and an average."""

MOST_REDUCED = 4
"""Reductions of one launch."""


def uses_up(gradient: Tensor, steps: int) -> bool:
    """Whether a gradient of a convolution, summed over so many steps, goes straight into the update."""
    return gradient.values >= LEAST_UPDATED and steps <= MOST_UPDATE_STEPS


def shares_reads(w: Tensor, rows: int, target: Target) -> bool:
    """Whether both gradients of a fully connected layer read its weights together, for so many images."""
    large = w.values > target.second_cache_floats
    return rows <= MOST_BATCH_ROWS and large and w.shape[1] <= MOST_SHARED_OUTPUTS
