"""bfloat16: the upper half of a 32-bit float, two of them in each lane of a vector.

A vector of pairs travels as a Vector: 32 bits a lane, of which the lower 16 are the first number
of the pair. Products of pairs are exact and are summed in 32-bit floats.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from netdsl.backend.numba.isa.inline import subroutine
from netdsl.backend.numba.isa.vectors import (
    I16,
    I32,
    VECTOR,
    VECTOR_I32,
    WIDTH,
    llvm_call,
    load,
    load_lanes,
    number,
    pointer,
    store,
    store_lanes,
    vector_type,
)


class BFloat16Type(ir.Type):  # type: ignore[misc]
    """LLVM's bfloat, which llvmlite does not name."""

    def _to_string(self) -> str:
        return "bfloat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BFloat16Type)

    def __hash__(self) -> int:
        return hash(BFloat16Type)


HALVES = ir.VectorType(BFloat16Type(), WIDTH)
PAIRS = ir.VectorType(BFloat16Type(), 2 * WIDTH)
_HALVES_I16 = ir.VectorType(I16, WIDTH)


def multiply_add_pairs(builder: Any, a: Any, b: Any, sums: Any) -> Any:
    """sums + a0*b0 + a1*b1 in each lane."""
    name = f"llvm.x86.avx512bf16.dpbf16ps.{WIDTH * 32}"
    return llvm_call(builder, name, VECTOR, [sums, builder.bitcast(a, PAIRS), builder.bitcast(b, PAIRS)])


def _rounded(builder: Any, value: Any) -> Any:
    """The nearest bfloat16 of each lane, as 16-bit integers; ties go to the even one."""
    return builder.bitcast(builder.fptrunc(value, HALVES), _HALVES_I16)


def write_halves(builder: Any, address: Any, value: Any) -> None:
    """The code that stores a vector's numbers at an address, 16 bits each."""
    builder.store(_rounded(builder, value), pointer(builder, address, _HALVES_I16), align=2)


@intrinsic  # type: ignore[untyped-decorator]
def store_halves(context: Any, address: Any, value: Any) -> Any:
    """A vector's numbers to an address, 16 bits each."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        write_halves(builder, values[0], values[1])
        return context.get_dummy_value()

    return types.void(types.intp, vector_type), code


@intrinsic  # type: ignore[untyped-decorator]
def store_half(context: Any, address: Any, value: Any) -> Any:
    """The first lane to an address, in 16 bits."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        first = builder.extract_element(_rounded(builder, values[1]), ir.Constant(I32, 0))
        builder.store(first, pointer(builder, values[0], I16), align=2)
        return context.get_dummy_value()

    return types.void(types.intp, vector_type), code


@intrinsic  # type: ignore[untyped-decorator]
def pairs_of(context: Any, first: Any, second: Any) -> Any:
    """A vector of pairs: lane by lane the numbers of two vectors."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        low, high = (builder.zext(_rounded(builder, value), VECTOR_I32) for value in values)
        sixteen = ir.Constant(VECTOR_I32, [16] * WIDTH)
        return builder.bitcast(builder.or_(low, builder.shl(high, sixteen)), VECTOR)

    return vector_type(vector_type, vector_type), code


@subroutine
def clear_halves(target: Any, count: Any) -> None:
    """``count`` zeros of 16 bits."""
    zero = number(0.0)
    index = 0
    while index + WIDTH <= count:
        store_halves(target + index * 2, zero)
        index += WIDTH
    while index < count:
        store_half(target + index * 2, zero)
        index += 1


@subroutine
def halve(source: Any, target: Any, count: Any) -> None:
    """``count`` 32-bit floats at an address to as many bfloat16 numbers at another."""
    index = 0
    while index + WIDTH <= count:
        store_halves(target + index * 2, load(source + index * 4))
        index += WIDTH
    while index < count:
        store_half(target + index * 2, load_lanes(source + index * 4, 1))
        index += 1


@subroutine
def pair_lines(first: Any, second: Any, target: Any, count: Any) -> None:
    """Two lines of ``count`` floats to one of pairs."""
    index = 0
    while index + WIDTH <= count:
        store(target + index * 4, pairs_of(load(first + index * 4), load(second + index * 4)))
        index += WIDTH
    if index < count:
        lanes = count - index
        pairs = pairs_of(load_lanes(first + index * 4, lanes), load_lanes(second + index * 4, lanes))
        store_lanes(target + index * 4, pairs, lanes)


@subroutine
def pair_last_line(first: Any, target: Any, count: Any) -> None:
    """A line of ``count`` floats that is left over, paired with zeros."""
    zero = number(0.0)
    index = 0
    while index + WIDTH <= count:
        store(target + index * 4, pairs_of(load(first + index * 4), zero))
        index += WIDTH
    if index < count:
        lanes = count - index
        store_lanes(target + index * 4, pairs_of(load_lanes(first + index * 4, lanes), zero), lanes)


@subroutine
def pair_rows(source: Any, rows: Any, row: Any, target: Any, count: Any) -> None:
    """Neighbouring rows of ``count`` floats, ``row`` apart, to half as many rows of pairs."""
    whole = rows // 2
    for index in range(whole):
        first = source + 2 * index * row * 4
        pair_lines(first, first + row * 4, target + index * count * 4, count)
    if rows % 2:
        pair_last_line(source + 2 * whole * row * 4, target + whole * count * 4, count)


@subroutine
def scatter_pairs(first: Any, second: Any, target: Any, step: Any, count: Any) -> None:
    """``count`` vectors at each of two addresses to vectors of pairs, ``step`` bytes apart."""
    for vector in range(count):
        offset = vector * WIDTH * 4
        store(target + vector * step, pairs_of(load(first + offset), load(second + offset)))


@subroutine
def halve_band(
    source: Any,
    target: Any,
    height: Any,
    width: Any,
    channels: Any,
    depth: Any,
    top: Any,
    left: Any,
    rows: Any,
    columns: Any,
) -> None:
    """``copy_band`` to bfloat16, with one more zero at the end, for a pair may begin at the last number."""
    first = min(max(0, left), columns)
    after = max(first, min(columns, width + left))
    for row in range(rows):
        out = target + row * columns * depth * 2
        y = top + row
        if y < 0 or y >= height:
            clear_halves(out, columns * depth)
            continue
        clear_halves(out, first * depth)
        line = source + (y * width + first - left) * channels * 4
        if depth == channels:
            halve(line, out + first * depth * 2, (after - first) * depth)
        else:
            for column in range(after - first):
                halve(line + column * channels * 4, out + (first + column) * depth * 2, depth)
        clear_halves(out + after * depth * 2, (columns - after) * depth)
    clear_halves(target + rows * columns * depth * 2, 1)
