"""Arithmetic of vectors: operators, comparisons, and the pieces of exponential functions."""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, type_callable

from netdsl.backend.numba.isa.vectors import (
    I32,
    I64,
    VECTOR,
    VECTOR_I32,
    WIDTH,
    VectorType,
    llvm_call,
    pointer,
    splat,
    vector_type,
)


def _binary(operation: Any, emit: Any) -> None:
    @type_callable(operation)  # type: ignore[untyped-decorator]
    def typed(context: Any) -> Any:
        def check(a: Any, b: Any) -> Any:
            both = isinstance(a, VectorType) and isinstance(b, VectorType)
            return vector_type if both else None

        return check

    @lower_builtin(operation, VectorType, VectorType)  # type: ignore[untyped-decorator]
    def lowered(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return emit(builder, *values)


_binary(operator.add, lambda builder, a, b: builder.fadd(a, b))
_binary(operator.sub, lambda builder, a, b: builder.fsub(a, b))
_binary(operator.mul, lambda builder, a, b: builder.fmul(a, b))
_binary(operator.truediv, lambda builder, a, b: builder.fdiv(a, b))


def _vector_intrinsic(arity: int, emit: Any) -> Any:
    """An intrinsic from vectors to a vector."""
    if arity == 1:

        @intrinsic  # type: ignore[untyped-decorator]
        def unary(context: Any, a: Any) -> Any:
            def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
                return emit(builder, *values)

            return vector_type(vector_type), code

        return unary
    if arity == 2:

        @intrinsic  # type: ignore[untyped-decorator]
        def binary(context: Any, a: Any, b: Any) -> Any:
            def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
                return emit(builder, *values)

            return vector_type(vector_type, vector_type), code

        return binary

    @intrinsic  # type: ignore[untyped-decorator]
    def ternary(context: Any, a: Any, b: Any, c: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return emit(builder, *values)

        return vector_type(vector_type, vector_type, vector_type), code

    return ternary


def _constant(value: float) -> Any:
    return ir.Constant(VECTOR, [value] * WIDTH)


def _greater(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", a, b), _constant(1.0), _constant(0.0))


def _equal(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered("==", a, b), _constant(1.0), _constant(0.0))


def _select(builder: Any, condition: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_unordered("!=", condition, _constant(0.0)), a, b)


def _maximum(builder: Any, a: Any, b: Any) -> Any:
    # NaN wins, as in NumPy: a network that diverged must not look healthy.
    larger = builder.select(builder.fcmp_ordered(">", a, b), a, b)
    return builder.select(builder.fcmp_unordered("uno", a, a), a, larger)


def _relu(builder: Any, a: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", a, _constant(0.0)), _constant(0.0), a)


def _multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    return llvm_call(builder, f"llvm.fma.v{WIDTH}f32", VECTOR, [a, b, c])


def _scale_by_power_of_two(builder: Any, a: Any, exponent: Any) -> Any:
    """a * 2^exponent for whole exponents from -126 to 127."""
    whole = builder.fptosi(exponent, VECTOR_I32)
    biased = builder.add(whole, ir.Constant(VECTOR_I32, [127] * WIDTH))
    power = builder.bitcast(builder.shl(biased, ir.Constant(VECTOR_I32, [23] * WIDTH)), VECTOR)
    return builder.fmul(a, power)


def _exponent_of(builder: Any, a: Any) -> Any:
    """e of a = m * 2^e with 0.5 <= m < 1, for positive normal a."""
    bits = builder.lshr(builder.bitcast(a, VECTOR_I32), ir.Constant(VECTOR_I32, [23] * WIDTH))
    whole = builder.sub(bits, ir.Constant(VECTOR_I32, [126] * WIDTH))
    return builder.sitofp(whole, VECTOR)


def _fraction_of(builder: Any, a: Any) -> Any:
    """m of a = m * 2^e with 0.5 <= m < 1, for positive normal a."""
    bits = builder.bitcast(a, VECTOR_I32)
    kept = builder.and_(bits, ir.Constant(VECTOR_I32, [0x007FFFFF] * WIDTH))
    return builder.bitcast(builder.or_(kept, ir.Constant(VECTOR_I32, [0x3F000000] * WIDTH)), VECTOR)


greater = _vector_intrinsic(2, _greater)
equal = _vector_intrinsic(2, _equal)
select = _vector_intrinsic(3, _select)
maximum = _vector_intrinsic(2, _maximum)
relu = _vector_intrinsic(1, _relu)
multiply_add = _vector_intrinsic(3, _multiply_add)
scale_by_power_of_two = _vector_intrinsic(2, _scale_by_power_of_two)
exponent_of = _vector_intrinsic(1, _exponent_of)
fraction_of = _vector_intrinsic(1, _fraction_of)
square_root = _vector_intrinsic(1, lambda b, a: llvm_call(b, f"llvm.sqrt.v{WIDTH}f32", VECTOR, [a]))
nearest = _vector_intrinsic(1, lambda b, a: llvm_call(b, f"llvm.rint.v{WIDTH}f32", VECTOR, [a]))


def _hash(builder: Any, x: Any) -> Any:
    """lowbias32 on every lane; see netdsl.primitives.random_mask."""

    def number(value: int) -> Any:
        return ir.Constant(VECTOR_I32, [value] * WIDTH)

    x = builder.xor(x, builder.lshr(x, number(16)))
    x = builder.mul(x, number(0x7FEB352D))
    x = builder.xor(x, builder.lshr(x, number(15)))
    x = builder.mul(x, number(0x846CA68B))
    return builder.xor(x, builder.lshr(x, number(16)))


@intrinsic  # type: ignore[untyped-decorator]
def drawn_below(context: Any, position: Any, stream: Any, seed: Any, threshold: Any) -> Any:
    """1 in the lanes whose random draw is below the threshold, else 0; see RandomMask."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        position, stream, seed, threshold = (builder.trunc(value, I32) for value in values)
        lanes = ir.Constant(VECTOR_I32, list(range(WIDTH)))
        indices = builder.add(splat(builder, position), lanes)
        golden = ir.Constant(VECTOR_I32, [0x9E3779B9] * WIDTH)
        mixed = builder.add(builder.mul(indices, golden), splat(builder, stream))
        drawn = _hash(builder, builder.xor(_hash(builder, mixed), splat(builder, seed)))
        below = builder.icmp_unsigned("<", drawn, splat(builder, threshold))
        return builder.select(below, _constant(1.0), _constant(0.0))

    return vector_type(types.intp, types.intp, types.intp, types.intp), code


@intrinsic  # type: ignore[untyped-decorator]
def load_unsigned(context: Any, address: Any) -> Any:
    """A 32-bit unsigned integer from an address."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.zext(builder.load(pointer(builder, values[0], I32)), I64)

    return types.intp(types.intp), code
