"""Vectors of 32-bit floats for Numba: the words in which kernels are written.

A Vector is one SIMD register. Addresses are plain integers (bytes); kernels get them with their
other arguments in a table of 64-bit integers. ``lanes`` says how many of a vector's numbers
count: loads put 0 in the others and touch no memory there, stores leave memory alone there.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.extending import models, register_model
from numba.extending import intrinsic, lower_builtin, type_callable

from netdsl.backend.numba.cpu import cpu

WIDTH = cpu().width
"""Numbers in a Vector."""

FLOAT = ir.FloatType()
I32 = ir.IntType(32)
I64 = ir.IntType(64)
VECTOR = ir.VectorType(FLOAT, WIDTH)
VECTOR_I32 = ir.VectorType(I32, WIDTH)
VECTOR_I1 = ir.VectorType(ir.IntType(1), WIDTH)


class VectorType(types.Type):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(name=f"Vector{WIDTH}")


vector_type = VectorType()


@register_model(VectorType)
class VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)


def splat(builder: Any, scalar: Any) -> Any:
    """A vector with the scalar in every lane."""
    kind = ir.VectorType(scalar.type, WIDTH)
    undefined = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(I32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(VECTOR_I32, [0] * WIDTH))


def pointer(builder: Any, address: Any, kind: Any) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


def lane_mask(builder: Any, lanes: Any) -> Any:
    """True in the first ``lanes`` lanes."""
    numbers = ir.Constant(VECTOR_I32, list(range(WIDTH)))
    return builder.icmp_signed("<", numbers, splat(builder, builder.trunc(lanes, I32)))


def llvm_call(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


def masked_load(builder: Any, where: Any, mask: Any) -> Any:
    zero = ir.Constant(VECTOR, [0.0] * WIDTH)
    name = f"llvm.masked.load.v{WIDTH}f32.p0"
    return llvm_call(builder, name, VECTOR, [where, ir.Constant(I32, 4), mask, zero])


def masked_store(builder: Any, value: Any, where: Any, mask: Any) -> None:
    name = f"llvm.masked.store.v{WIDTH}f32.p0"
    llvm_call(builder, name, ir.VoidType(), [value, where, ir.Constant(I32, 4), mask])


@intrinsic  # type: ignore[untyped-decorator]
def integer(context: Any, arguments: Any, place: Any) -> Any:
    """The 64-bit integer at a place of the argument table."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load(builder.gep(pointer(builder, values[0], I64), [values[1]]))

    return types.intp(types.intp, types.intp), code


@intrinsic  # type: ignore[untyped-decorator]
def real(context: Any, arguments: Any, place: Any) -> Any:
    """The number at a place of the argument table, whose low half holds a 32-bit float, in every lane."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        bits = builder.load(builder.gep(pointer(builder, values[0], I64), [values[1]]))
        return splat(builder, builder.bitcast(builder.trunc(bits, I32), FLOAT))

    return vector_type(types.intp, types.intp), code


@intrinsic  # type: ignore[untyped-decorator]
def number(context: Any, value: Any) -> Any:
    """A constant in every lane."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return splat(builder, builder.fptrunc(values[0], FLOAT))

    return vector_type(types.float64), code


@intrinsic  # type: ignore[untyped-decorator]
def from_integer(context: Any, value: Any) -> Any:
    """A whole number in every lane, as a float."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return splat(builder, builder.sitofp(values[0], FLOAT))

    return vector_type(types.intp), code


@intrinsic  # type: ignore[untyped-decorator]
def load(context: Any, address: Any) -> Any:
    """WIDTH numbers from an address."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load(pointer(builder, values[0], VECTOR), align=4)

    return vector_type(types.intp), code


@intrinsic  # type: ignore[untyped-decorator]
def load_lanes(context: Any, address: Any, lanes: Any) -> Any:
    """``lanes`` numbers from an address, 0 in the other lanes."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        where = pointer(builder, values[0], VECTOR)
        return masked_load(builder, where, lane_mask(builder, values[1]))

    return vector_type(types.intp, types.intp), code


@intrinsic  # type: ignore[untyped-decorator]
def load_everywhere(context: Any, address: Any) -> Any:
    """One number from an address, in every lane."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return splat(builder, builder.load(pointer(builder, values[0], FLOAT)))

    return vector_type(types.intp), code


@intrinsic  # type: ignore[untyped-decorator]
def store(context: Any, address: Any, value: Any) -> Any:
    """WIDTH numbers to an address."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store(values[1], pointer(builder, values[0], VECTOR), align=4)
        return context.get_dummy_value()

    return types.void(types.intp, vector_type), code


@intrinsic  # type: ignore[untyped-decorator]
def store_lanes(context: Any, address: Any, value: Any, lanes: Any) -> Any:
    """The first ``lanes`` numbers to an address."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        where = pointer(builder, values[0], VECTOR)
        masked_store(builder, values[1], where, lane_mask(builder, values[2]))
        return context.get_dummy_value()

    return types.void(types.intp, vector_type, types.intp), code


@intrinsic  # type: ignore[untyped-decorator]
def store_first(context: Any, address: Any, value: Any) -> Any:
    """The first lane to an address."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        first = builder.extract_element(values[1], ir.Constant(I32, 0))
        builder.store(first, pointer(builder, values[0], FLOAT))
        return context.get_dummy_value()

    return types.void(types.intp, vector_type), code


def _fold(builder: Any, value: Any, combine: Any) -> Any:
    """Combine the lanes of a vector in a fixed tree, the result in every lane."""
    span = WIDTH // 2
    while span:
        order = [(lane + span) % WIDTH for lane in range(WIDTH)]
        undefined = ir.Constant(VECTOR, ir.Undefined)
        turned = builder.shuffle_vector(value, undefined, ir.Constant(VECTOR_I32, order))
        value = combine(value, turned)
        span //= 2
    return splat(builder, builder.extract_element(value, ir.Constant(I32, 0)))


@intrinsic  # type: ignore[untyped-decorator]
def sum_lanes(context: Any, value: Any) -> Any:
    """The sum of all lanes, in every lane."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _fold(builder, values[0], builder.fadd)

    return vector_type(vector_type), code


@intrinsic  # type: ignore[untyped-decorator]
def largest_lane(context: Any, value: Any) -> Any:
    """The largest of all lanes, in every lane."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        def larger(a: Any, b: Any) -> Any:
            return builder.select(builder.fcmp_ordered(">", b, a), b, a)

        return _fold(builder, values[0], larger)

    return vector_type(vector_type), code


@intrinsic  # type: ignore[untyped-decorator]
def keep_lanes(context: Any, value: Any, other: Any, lanes: Any) -> Any:
    """``value`` in the first ``lanes`` lanes and ``other`` in the rest."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.select(lane_mask(builder, values[2]), values[0], values[1])

    return vector_type(vector_type, vector_type, types.intp), code


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
        places = builder.add(splat(builder, position), lanes)
        golden = ir.Constant(VECTOR_I32, [0x9E3779B9] * WIDTH)
        mixed = builder.add(builder.mul(places, golden), splat(builder, stream))
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
