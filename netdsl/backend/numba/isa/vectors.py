"""Vectors of 32-bit floats for Numba: the words in which kernels are written.

A Vector is one SIMD register. Addresses are plain integers (bytes); kernels get them with their
other arguments in a table of 64-bit integers. ``lanes`` says how many of a vector's numbers
count: loads put 0 in the others and touch no memory there, stores leave memory alone there.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.extending import models, register_model
from numba.extending import intrinsic

from netdsl.backend.numba.isa.process_target import process_target

WIDTH = process_target().width
"""Numbers in a vector."""

FLOAT = ir.FloatType()
I16 = ir.IntType(16)
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
    where = builder.bitcast(where, VECTOR.as_pointer())  # one type for all calls of a module
    zero = ir.Constant(VECTOR, [0.0] * WIDTH)
    name = f"llvm.masked.load.v{WIDTH}f32.p0"
    return llvm_call(builder, name, VECTOR, [where, ir.Constant(I32, 4), mask, zero])


def masked_store(builder: Any, value: Any, where: Any, mask: Any) -> None:
    where = builder.bitcast(where, VECTOR.as_pointer())
    name = f"llvm.masked.store.v{WIDTH}f32.p0"
    llvm_call(builder, name, ir.VoidType(), [value, where, ir.Constant(I32, 4), mask])


@intrinsic  # type: ignore[untyped-decorator]
def integer(context: Any, arguments: Any, index: Any) -> Any:
    """The 64-bit integer at an index of the argument table."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load(builder.gep(pointer(builder, values[0], I64), [values[1]]))

    return types.intp(types.intp, types.intp), code


@intrinsic  # type: ignore[untyped-decorator]
def real(context: Any, arguments: Any, index: Any) -> Any:
    """The number at an index of the argument table, whose low half holds a 32-bit float, in every lane."""

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


def prefetch(builder: Any, where: Any, *, writes: bool) -> None:
    """Ask for the cache line at an address: into the first cache if it is written next, else the second."""
    where = builder.bitcast(where, ir.IntType(8).as_pointer())
    how = [ir.Constant(I32, number) for number in ((1, 3, 1) if writes else (0, 2, 1))]
    llvm_call(builder, "llvm.prefetch.p0", ir.VoidType(), [where, *how])


@intrinsic  # type: ignore[untyped-decorator]
def fetch(context: Any, address: Any) -> Any:
    """Ask for the cache line at an address, for it will be read and written soon; reads nothing."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        prefetch(builder, pointer(builder, values[0], ir.IntType(8)), writes=False)
        return context.get_dummy_value()

    return types.void(types.intp), code


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


def _picked(order: list[int], doc: str) -> Any:
    """A word that makes a vector of two: lane n is lane ``order[n]`` of both, one after the other."""

    def word(context: Any, first: Any, second: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return builder.shuffle_vector(values[0], values[1], ir.Constant(VECTOR_I32, order))

        return vector_type(vector_type, vector_type), code

    word.__doc__ = doc
    return intrinsic(word)


_TURNS = [lane // 2 + WIDTH * (lane % 2) for lane in range(2 * WIDTH)]
first_in_turns = _picked(_TURNS[:WIDTH], "The lanes of two vectors in turns, the first half of them.")
last_in_turns = _picked(_TURNS[WIDTH:], "The second half of them.")
even_lanes = _picked(list(range(0, 2 * WIDTH, 2)), "Every second lane of two vectors, from the first on.")
odd_lanes = _picked(list(range(1, 2 * WIDTH, 2)), "The others.")


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
