"""Which products are worth rounding to bfloat16."""

from __future__ import annotations

from netdsl.backend.numba.codegen.conv.convolution import emit_convolution, emit_convolution_input_gradient
from netdsl.backend.numba.codegen.conv.depthwise import is_depthwise
from netdsl.backend.numba.codegen.conv.weight_gradient import emit_convolution_weight_gradient
from netdsl.backend.numba.codegen.gemm.packed_matmul import dot_product_in_pairs, product_in_pairs
from netdsl.backend.numba.kernel import Launch
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

LEAST_WEIGHTS = 2**12
"""Of a layer's smaller matrices the rounding takes longer than the products."""

LEAST_SIDE = 16
"""Filters, and numbers that one sums, from which on each rounded number is used often enough."""


def emit_in_pairs(op: Operation, batch: int, machine: Target) -> list[Launch]:
    """The launches of a product in pairs of bfloat16; none where float32 is as fast."""
    launches: list[Launch] = []
    if isinstance(op, Matmul) and _is_large(op.inputs[1]):
        launches = product_in_pairs(op.inputs[0], op.inputs[1], op.outputs[0], batch, machine)
    elif isinstance(op, MatmulInputGradient) and _is_large(op.inputs[1]):
        launches = dot_product_in_pairs(op.inputs[0], op.inputs[1], op.outputs[0], batch, machine)
    elif isinstance(op, Convolution) and _is_worth(op.inputs[1], op.geometry, op.inputs[0]):
        launches = emit_convolution(op, batch, machine, paired=True)
    elif isinstance(op, ConvolutionInputGradient) and _is_worth(op.inputs[1], op.geometry, op.outputs[0]):
        launches = emit_convolution_input_gradient(op, batch, machine, paired=True)
    elif isinstance(op, ConvolutionWeightGradient) and _is_worth(op.outputs[0], op.geometry, op.inputs[0]):
        launches = emit_convolution_weight_gradient(op, batch, machine, paired=True)
    return [launch._replace(note=f"{op!r}, in bfloat16") for launch in launches]


def _is_large(w: Tensor) -> bool:
    return w.values >= LEAST_WEIGHTS


def _is_worth(w: Tensor, geometry: Geometry, image: Tensor) -> bool:
    high, wide, depth, filters = w.shape
    if is_depthwise(geometry, image.shape[2], w):
        return False
    return _is_large(w) and filters // geometry.groups >= LEAST_SIDE and high * wide * depth >= LEAST_SIDE
