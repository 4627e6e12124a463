"""Register tiles: the inner loops that nearly all arithmetic of a network runs in.

A tile holds rows x vectors of sums in SIMD registers while it walks along the summed axis, so
that each number loaded is used many times. The numbers of rows and vectors are literals of the
kernel; all sizes and strides are run-time arguments, and so is what is left over of a vector at the end of
the channels, so one tile serves many layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from netdsl.backend.numba.isa.bfloat16 import multiply_add_pairs
from netdsl.backend.numba.isa.vectors import (
    FLOAT,
    I16,
    I32,
    I64,
    VECTOR,
    VECTOR_I32,
    WIDTH,
    lane_mask,
    llvm_call,
    masked_load,
    masked_store,
    prefetch,
    splat,
)
from netdsl.backend.numba.target import MOST_UNROLLED

ZERO = ir.Constant(VECTOR, [0.0] * WIDTH)

Multiply = Callable[[Any, Any, Any, Any], Any]
"""(builder, a, b, sums) to the vector of sums with the products of a and b added."""


def multiply_add(builder: Any, a: Any, b: Any, sums: Any) -> Any:
    """sums + a*b, rounded once."""
    return llvm_call(builder, f"llvm.fma.v{WIDTH}f32", VECTOR, [a, b, sums])


def address_of(builder: Any, base: Any, offset: Any) -> Any:
    """The address ``offset`` floats after ``base``."""
    return builder.gep(base, [offset])


class Loop:
    """A counted loop that carries sums; its body runs at least once."""

    def __init__(self, builder: Any, sums: list[Any], pointers: list[Any]) -> None:
        self._builder = builder
        self._before = builder.block
        self._block = builder.append_basic_block("loop")
        self._after = builder.append_basic_block("after")
        builder.branch(self._block)
        builder.position_at_end(self._block)
        self.count = self._phi(ir.Constant(I64, 0))
        self.sums = [self._phi(value) for value in sums]
        self.pointers = [self._phi(value) for value in pointers]

    def _phi(self, start: Any) -> Any:
        phi = self._builder.phi(start.type)
        phi.add_incoming(start, self._before)
        return phi

    def close(self, times: Any, sums: list[Any], pointers: list[Any]) -> None:
        """Go round again with new sums and pointers until ``times`` rounds are done."""
        builder = self._builder
        done = builder.add(self.count, ir.Constant(I64, 1))
        end = builder.block
        olds = [self.count, *self.sums, *self.pointers]
        for old, new in zip(olds, [done, *sums, *pointers], strict=True):
            old.add_incoming(new, end)
        builder.cbranch(builder.icmp_signed("<", done, times), self._block, self._after)
        builder.position_at_end(self._after)


Step = Callable[[list[Any], list[Any]], list[Any]]
"""(sums, pointers) to the sums of one step more."""


def steps_of(steps: Any) -> tuple[int, Any]:
    """How many steps are written out for the type of an argument, and the type for the signature.

    None are where it is not a short literal; else signatures must differ, for Numba keeps one code of each.
    """
    if isinstance(steps, types.IntegerLiteral) and steps.literal_value <= MOST_UNROLLED:
        return steps.literal_value, steps
    return 0, types.intp


def summed(builder: Any, times: Any, unrolled: int, outer: Loop, step: Step, strides: list[Any]) -> list[Any]:
    """The sums after ``times`` steps inside a round of ``outer``; after each its pointers go on by a stride.

    With ``unrolled`` steps there is no loop.
    """
    if not unrolled:
        inner = Loop(builder, outer.sums, outer.pointers)
        sums = step(inner.sums, inner.pointers)
        inner.close(
            times, sums, [address_of(builder, *pair) for pair in zip(inner.pointers, strides, strict=True)]
        )
        return sums
    sums = outer.sums
    for number in range(unrolled):
        far = [builder.mul(stride, ir.Constant(I64, number)) for stride in strides]
        sums = step(sums, [address_of(builder, *pair) for pair in zip(outer.pointers, far, strict=True)])
    return sums


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def tile(
    context: Any,
    rows_high: Any,
    rows_wide: Any,
    vectors: Any,
    lanes: Any,
    a: Any,
    a_high: Any,
    a_wide: Any,
    a_step: Any,
    a_run: Any,
    b: Any,
    b_step: Any,
    b_run: Any,
    c: Any,
    c_high: Any,
    c_wide: Any,
    runs: Any,
    steps: Any,
    accumulate: Any,
) -> Any:
    """C[i, j, :] = sum over r < runs, s < steps of A[i, j, r, s] * B[r, s, :], or += it.

    i < rows_high, j < rows_wide; ``:`` is ``vectors`` vectors, of which the last has ``lanes``
    numbers. A[i, j, r, s] is the float at a + i*a_high + j*a_wide + r*a_run + s*a_step, B[r, s, :]
    starts at b + r*b_run + s*b_step, C[i, j, :] at c + i*c_high + j*c_wide. a, b and c are
    addresses, strides count floats; the first three arguments are literals, as ``lanes`` is where it is
    WIDTH; runs and steps are at least 1. ``steps`` may be a literal as well: up to MOST_UNROLLED are
    unrolled. ``accumulate`` other than 0 adds to what C holds.
    """
    unrolled, kind = steps_of(steps)
    shape = _shape_of(rows_high, rows_wide, vectors, lanes)
    signature = types.void(rows_high, rows_wide, vectors, shape.lanes, *[types.intp] * 12, kind, types.intp)

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        _tile(builder, shape, values[3:], FLOAT, multiply_add, unrolled)
        return context.get_dummy_value()

    return signature, code


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def tile_pairs(
    context: Any,
    rows_high: Any,
    rows_wide: Any,
    vectors: Any,
    lanes: Any,
    a: Any,
    a_high: Any,
    a_wide: Any,
    a_step: Any,
    a_run: Any,
    b: Any,
    b_step: Any,
    b_run: Any,
    c: Any,
    c_high: Any,
    c_wide: Any,
    runs: Any,
    steps: Any,
    accumulate: Any,
) -> Any:
    """``tile`` with two bfloat16 numbers in each element of A and B, whose products are summed in C.

    Strides of A count bfloat16 numbers, so that a pair may begin at any of them; those of B and C
    count 32 bits, as in ``tile``.
    """
    shape = _shape_of(rows_high, rows_wide, vectors, lanes)
    signature = types.void(rows_high, rows_wide, vectors, shape.lanes, *[types.intp] * 14)

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        _tile(builder, shape, values[3:], I16, multiply_add_pairs)
        return context.get_dummy_value()

    return signature, code


class _Shape(NamedTuple):
    """A tile: rows high x rows wide, ``across`` vectors; ``lanes`` is the type of the numbers that count in
    the last one, which is whole where that is the literal WIDTH."""

    high: int
    wide: int
    across: int
    lanes: Any

    @property
    def whole(self) -> bool:
        return isinstance(self.lanes, types.IntegerLiteral)


def _shape_of(high: Any, wide: Any, across: Any, lanes: Any) -> _Shape:
    """From the types of a tile's first arguments: any other number of lanes is a number of run time."""
    whole = isinstance(lanes, types.IntegerLiteral) and lanes.literal_value == WIDTH
    last = lanes if whole else types.intp
    return _Shape(high.literal_value, wide.literal_value, across.literal_value, last)


def _tile(builder: Any, shape: _Shape, values: Any, unit: Any, multiply: Multiply, unrolled: int = 0) -> None:
    """The code of a tile whose strides of A count ``unit``."""
    high, wide, across, _ = shape
    lanes, a, a_high, a_wide, a_step, a_run, b, b_step, b_run, c, c_high, c_wide = values[:12]
    runs, steps, accumulate = values[12:]
    floats = FLOAT.as_pointer()
    a = builder.inttoptr(a, unit.as_pointer())
    b, c = (builder.inttoptr(address, floats) for address in (b, c))
    mask = None if shape.whole else lane_mask(builder, lanes)
    elements = [(i, j) for i in range(high) for j in range(wide)]

    def offset(i: int, j: int, by_high: Any, by_wide: Any) -> Any:
        return builder.add(
            builder.mul(by_high, ir.Constant(I64, i)), builder.mul(by_wide, ir.Constant(I64, j))
        )

    def addresses_of_sums(i: int, j: int) -> list[Any]:
        start = address_of(builder, c, offset(i, j, c_high, c_wide))
        return [address_of(builder, start, ir.Constant(I64, v * WIDTH)) for v in range(across)]

    if unrolled:
        # Sums of few products are stored faster than lines arrive from the outer caches, which stores in
        # their order would wait for one by one. So the lines of the tile on the right are asked for.
        for i, j in elements:
            for where in addresses_of_sums(i, j + wide):
                prefetch(builder, where, writes=True)
    row_offsets = [offset(i, j, a_high, a_wide) for i, j in elements]
    outer = Loop(builder, [ZERO] * (len(elements) * across), [a, b])

    def step(old: list[Any], pointers: list[Any]) -> list[Any]:
        here_a, here_b = pointers
        operands = []
        for v in range(across):
            where = address_of(builder, here_b, ir.Constant(I64, v * WIDTH))
            if mask is not None and v == across - 1:
                operands.append(masked_load(builder, where, mask))
            else:
                operands.append(builder.load(builder.bitcast(where, VECTOR.as_pointer()), align=4))
        new = []
        for row, row_offset in enumerate(row_offsets):
            number = builder.bitcast(address_of(builder, here_a, row_offset), floats)
            scalar = splat(builder, builder.load(number, align=2 if unit is I16 else 4))
            for v in range(across):
                new.append(multiply(builder, scalar, operands[v], old[row * across + v]))
        return new

    sums = summed(builder, steps, unrolled, outer, step, [a_step, b_step])
    next_run = [
        address_of(builder, outer.pointers[0], a_run),
        address_of(builder, outer.pointers[1], b_run),
    ]
    outer.close(runs, sums, next_run)

    def write(adds: bool) -> None:
        for row, (i, j) in enumerate(elements):
            for v, where in enumerate(addresses_of_sums(i, j)):
                value = sums[row * across + v]
                _write(builder, where, value, adds, mask if v == across - 1 else None)

    adding = builder.icmp_signed("!=", accumulate, ir.Constant(I64, 0))
    with builder.if_else(adding) as (then, otherwise):
        with then:
            write(True)
        with otherwise:
            write(False)


def _write(builder: Any, where: Any, value: Any, adds: bool, mask: Any) -> None:
    whole = builder.bitcast(where, VECTOR.as_pointer())
    if adds:
        old = masked_load(builder, where, mask) if mask is not None else builder.load(whole, align=4)
        value = builder.fadd(old, value)
    if mask is not None:
        masked_store(builder, value, where, mask)
    else:
        builder.store(value, whole, align=4)


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def dot_tile(
    context: Any,
    rows: Any,
    columns: Any,
    a: Any,
    a_row: Any,
    b: Any,
    b_row: Any,
    c: Any,
    c_row: Any,
    steps: Any,
    accumulate: Any,
) -> Any:
    """C[i, j] = sum over s < steps of A[i, s] * B[j, s], or += it: rows of A with rows of B.

    Both operands are contiguous along the summed axis. ``rows`` and ``columns`` are literals;
    ``steps`` may be any number of 1 or more.
    """
    signature = types.void(rows, columns, *[types.intp] * 8)
    high, wide = rows.literal_value, columns.literal_value

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        _dot_tile(builder, high, wide, values[2:], multiply_add)
        return context.get_dummy_value()

    return signature, code


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def dot_tile_pairs(
    context: Any,
    rows: Any,
    columns: Any,
    a: Any,
    a_row: Any,
    b: Any,
    b_row: Any,
    c: Any,
    c_row: Any,
    steps: Any,
    accumulate: Any,
) -> Any:
    """``dot_tile`` with two bfloat16 numbers in each of the 32 bits of A and B that strides count."""
    signature = types.void(rows, columns, *[types.intp] * 8)
    high, wide = rows.literal_value, columns.literal_value

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        _dot_tile(builder, high, wide, values[2:], multiply_add_pairs)
        return context.get_dummy_value()

    return signature, code


def _dot_tile(builder: Any, high: int, wide: int, values: Any, multiply: Multiply) -> None:
    a, a_row, b, b_row, c, c_row, steps, accumulate = values
    floats = FLOAT.as_pointer()
    a, b, c = (builder.inttoptr(address, floats) for address in (a, b, c))
    a_starts = [builder.mul(a_row, ir.Constant(I64, i)) for i in range(high)]
    b_starts = [builder.mul(b_row, ir.Constant(I64, j)) for j in range(wide)]

    def round_of(sums: list[Any], here_a: Any, here_b: Any, mask: Any) -> list[Any]:
        def fetch(base: Any, start: Any) -> Any:
            where = address_of(builder, base, start)
            if mask is not None:
                return masked_load(builder, where, mask)
            return builder.load(builder.bitcast(where, VECTOR.as_pointer()), align=4)

        rights = [fetch(here_b, start) for start in b_starts]
        found = []
        for i, start in enumerate(a_starts):
            left = fetch(here_a, start)
            for j, right in enumerate(rights):
                found.append(multiply(builder, left, right, sums[i * wide + j]))
        return found

    whole = builder.sdiv(steps, ir.Constant(I64, WIDTH))
    rest = builder.srem(steps, ir.Constant(I64, WIDTH))
    # The masked round comes first; it is harmless where nothing is left over.
    sums = round_of([ZERO] * (high * wide), a, b, lane_mask(builder, rest))
    before = builder.block
    some = builder.append_basic_block("whole")
    builder.position_at_end(before)
    joined = builder.append_basic_block("joined")
    builder.cbranch(builder.icmp_signed(">", whole, ir.Constant(I64, 0)), some, joined)
    builder.position_at_end(some)
    loop = Loop(builder, sums, [address_of(builder, a, rest), address_of(builder, b, rest)])
    here_a, here_b = loop.pointers
    new = round_of(loop.sums, here_a, here_b, None)
    width = ir.Constant(I64, WIDTH)
    loop.close(whole, new, [address_of(builder, pointer, width) for pointer in loop.pointers])
    after = builder.block
    builder.branch(joined)
    builder.position_at_end(joined)
    totals = []
    for first, looped in zip(sums, new, strict=True):
        phi = builder.phi(VECTOR)
        phi.add_incoming(first, before)
        phi.add_incoming(looped, after)
        totals.append(phi)
    scalars = [horizontal(builder, total) for total in totals]
    adding = builder.icmp_signed("!=", accumulate, ir.Constant(I64, 0))
    for i in range(high):
        for j in range(wide):
            index = builder.add(builder.mul(c_row, ir.Constant(I64, i)), ir.Constant(I64, j))
            where = address_of(builder, c, index)
            with builder.if_else(adding) as (then, otherwise):
                with then:
                    builder.store(builder.fadd(builder.load(where), scalars[i * wide + j]), where)
                with otherwise:
                    builder.store(scalars[i * wide + j], where)


def horizontal(builder: Any, vector: Any) -> Any:
    """The sum of a vector's lanes, in a fixed tree."""
    span = WIDTH // 2
    while span:
        order = [(lane + span) % WIDTH for lane in range(WIDTH)]
        undefined = ir.Constant(VECTOR, ir.Undefined)
        turned = builder.shuffle_vector(vector, undefined, ir.Constant(VECTOR_I32, order))
        vector = builder.fadd(vector, turned)
        span //= 2
    return builder.extract_element(vector, ir.Constant(I32, 0))
