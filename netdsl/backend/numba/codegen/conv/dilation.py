"""Dilated kernels as larger ones with zeros between their taps.

This does the arithmetic of the zeros too; the same tiles serve.
"""

from __future__ import annotations

from collections.abc import Callable

from netdsl.backend.numba.codegen.zeros import fill_zeros
from netdsl.backend.numba.kernel import (
    Launch,
    fixed_kernel,
    named,
)
from netdsl.primitives.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionWeightGradient,
    Geometry,
)
from netdsl.primitives.tensor import Tensor
from netdsl.quantities import Size

Directed = Convolution | ConvolutionInputGradient | ConvolutionWeightGradient

_COPY = """    for row in range(first, last):
        for column in range(columns):
            start = source + (row * source_row + column * source_column) * 4
            copy(start, target + (row * target_row + column * target_column) * 4, tap)
"""


def undilated(geometry: Geometry) -> Geometry:
    return geometry._replace(dilation=Size(1, 1))


def dilated_shape(shape: tuple[int, ...], geometry: Geometry) -> tuple[int, ...]:
    """The extents of the kernel with its zeros."""
    high = (shape[0] - 1) * geometry.dilation.height + 1
    wide = (shape[1] - 1) * geometry.dilation.width + 1
    return (high, wide, *shape[2:])


def dilated(w: Tensor, geometry: Geometry) -> tuple[Tensor, list[Launch]]:
    """Weights with zeros between their taps, and the launches that make them."""
    wide = Tensor(f"{w.name}.dilated", dilated_shape(w.shape, geometry), batched=False)
    return wide, [fill_zeros(wide, 1), _copy(w, wide, w.shape, geometry, into=True)]


def gather_taps(wide: Tensor, w: Tensor, geometry: Geometry) -> Launch:
    """Only the taps of a kernel with zeros between them."""
    return _copy(wide, w, w.shape, geometry, into=False)


def _copy(
    source: Tensor, destination: Tensor, shape: tuple[int, ...], geometry: Geometry, *, into: bool
) -> Launch:
    tap = shape[2] * shape[3]
    dense = (shape[1] * tap, tap)
    spread_row = dilated_shape(shape, geometry)[1] * tap * geometry.dilation.height
    spread = (spread_row, tap * geometry.dilation.width)
    strides = (*dense, *spread) if into else (*spread, *dense)
    given = named(
        source=source,
        target=destination,
        columns=shape[1],
        tap=tap,
        source_row=strides[0],
        source_column=strides[1],
        target_row=strides[2],
        target_column=strides[3],
    )
    return Launch(fixed_kernel("copy_taps", given, _COPY), given.values, shape[0], (destination,))


def over_dilation(op: Directed, emit: Callable[[Directed], list[Launch]]) -> list[Launch]:
    """Emit an operation as one of the larger kernel with zeros between its taps, if it has any."""
    plain = undilated(op.geometry)
    if op.geometry == plain:
        return emit(op)
    if isinstance(op, ConvolutionWeightGradient):
        (x, dy), w = op.inputs, op.outputs[0]
        spread = Tensor(f"{w.name}.dilated", dilated_shape(w.shape, op.geometry), batched=False)
        gradient = ConvolutionWeightGradient(spread, x, dy, plain)
        return [*emit(gradient), gather_taps(spread, w, op.geometry)]
    w = op.inputs[1]
    wide, spreading = dilated(w, op.geometry)
    return [*spreading, *emit(type(op)(op.outputs[0], op.inputs[0], wide, plain))]
