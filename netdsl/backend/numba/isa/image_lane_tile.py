"""Register tiles for volumes whose vectors are images: each lane is another image.

A position and channel of WIDTH images is one vector, so layers with few channels use every lane.
Weights are the same for all images: one number in every lane.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from netdsl.backend.numba.isa.gemm_tile import ZERO, Loop, address_of, horizontal, steps_of, summed
from netdsl.backend.numba.isa.vectors import FLOAT, I32, I64, VECTOR, VECTOR_I32, WIDTH, llvm_call, splat


def _vector_at(builder: Any, base: Any, offset: Any) -> Any:
    return builder.bitcast(address_of(builder, base, offset), VECTOR.as_pointer())


def _times(builder: Any, stride: Any, number: int) -> Any:
    return builder.mul(stride, ir.Constant(I64, number))


def _multiply_add(builder: Any, a: Any, b: Any, total: Any) -> Any:
    return llvm_call(builder, f"llvm.fma.v{WIDTH}f32", VECTOR, [a, b, total])


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def lane_tile(
    context: Any,
    rows: Any,
    positions: Any,
    a: Any,
    a_step: Any,
    a_run: Any,
    b: Any,
    b_position: Any,
    b_step: Any,
    b_run: Any,
    c: Any,
    c_position: Any,
    runs: Any,
    steps: Any,
) -> Any:
    """C[i, j, :] = sum over r < runs, s < steps of A[r, s, i] * B[j, r, s, :].

    i < rows are filters, whose weights lie side by side at a + r*a_run + s*a_step + i; j < positions;
    B[j, r, s, :] is the vector at b + j*b_position + r*b_run + s*b_step, C[i, j, :] the one at
    c + j*c_position + i*WIDTH. a, b and c are addresses, strides count floats; rows and positions
    are literals, steps may be one (as in ``tile``), runs and steps are at least 1.
    """
    high, wide = rows.literal_value, positions.literal_value
    unrolled, kind = steps_of(steps)
    signature = types.void(rows, positions, *[types.intp] * 10, kind)

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        a, a_step, a_run, b, b_position, b_step, b_run, c, c_position, runs, steps = values[2:]
        floats = FLOAT.as_pointer()
        a, b, c = (builder.inttoptr(address, floats) for address in (a, b, c))
        starts = [_times(builder, b_position, j) for j in range(wide)]
        outer = Loop(builder, [ZERO] * (high * wide), [a, b])

        def step(old: list[Any], pointers: list[Any]) -> list[Any]:
            here_a, here_b = pointers
            vectors = [builder.load(_vector_at(builder, here_b, start), align=4) for start in starts]
            new = []
            for i in range(high):
                weight = splat(builder, builder.load(address_of(builder, here_a, ir.Constant(I64, i))))
                for j in range(wide):
                    new.append(_multiply_add(builder, weight, vectors[j], old[i * wide + j]))
            return new

        sums = summed(builder, steps, unrolled, outer, step, [a_step, b_step])
        next_run = [
            address_of(builder, outer.pointers[0], a_run),
            address_of(builder, outer.pointers[1], b_run),
        ]
        outer.close(runs, sums, next_run)
        for j in range(wide):
            start = address_of(builder, c, _times(builder, c_position, j))
            for i in range(high):
                where = _vector_at(builder, start, ir.Constant(I64, i * WIDTH))
                builder.store(sums[i * wide + j], where, align=4)
        return context.get_dummy_value()

    return signature, code


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def lane_dot(
    context: Any,
    rows: Any,
    columns: Any,
    a: Any,
    a_step: Any,
    a_run: Any,
    b: Any,
    b_step: Any,
    b_run: Any,
    c: Any,
    c_row: Any,
    runs: Any,
    steps: Any,
    accumulate: Any,
) -> Any:
    """C[i, j] = sum over r < runs, s < steps and all lanes of A[i, r, s, :] * B[j, r, s, :], or += it.

    A[i, r, s, :] is the vector at a + i*WIDTH + r*a_run + s*a_step, B likewise; C[i, j] is the float
    at c + i*c_row + j. rows and columns are literals. Lanes are added in a fixed tree.
    """
    high, wide = rows.literal_value, columns.literal_value
    signature = types.void(rows, columns, *[types.intp] * 11)

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        a, a_step, a_run, b, b_step, b_run, c, c_row, runs, steps, accumulate = values[2:]
        floats = FLOAT.as_pointer()
        a, b, c = (builder.inttoptr(address, floats) for address in (a, b, c))
        outer = Loop(builder, [ZERO] * (high * wide), [a, b])
        inner = Loop(builder, outer.sums, outer.pointers)
        here_a, here_b = inner.pointers

        def fetch(base: Any, number: int) -> Any:
            return builder.load(_vector_at(builder, base, ir.Constant(I64, number * WIDTH)), align=4)

        # The shorter side stays in registers: with both there would be none left for the sums.
        kept_base, streamed_base = (here_a, here_b) if high < wide else (here_b, here_a)
        kept = [fetch(kept_base, n) for n in range(min(high, wide))]
        sums = list(inner.sums)
        for m in range(max(high, wide)):
            streamed = fetch(streamed_base, m)
            for n, operand in enumerate(kept):
                at = n * wide + m if high < wide else m * wide + n
                sums[at] = _multiply_add(builder, operand, streamed, inner.sums[at])
        inner.close(steps, sums, [address_of(builder, here_a, a_step), address_of(builder, here_b, b_step)])
        next_run = [
            address_of(builder, outer.pointers[0], a_run),
            address_of(builder, outer.pointers[1], b_run),
        ]
        outer.close(runs, sums, next_run)
        scalars = [horizontal(builder, total) for total in sums]
        keeps = builder.icmp_signed("!=", accumulate, ir.Constant(I64, 0))
        for i in range(high):
            start = address_of(builder, c, _times(builder, c_row, i))
            for j in range(wide):
                where = address_of(builder, start, ir.Constant(I64, j))
                old = builder.select(keeps, builder.load(where), ir.Constant(FLOAT, 0.0))
                builder.store(builder.fadd(old, scalars[i * wide + j]), where)
        return context.get_dummy_value()

    return signature, code


@intrinsic  # type: ignore[untyped-decorator]
def transpose_tile(context: Any, source: Any, source_row: Any, target: Any, target_row: Any) -> Any:
    """WIDTH vectors, ``source_row`` floats apart, become the columns of the target's vectors."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        source, source_row, target, target_row = values
        floats = FLOAT.as_pointer()
        source, target = builder.inttoptr(source, floats), builder.inttoptr(target, floats)
        rows = [
            builder.load(_vector_at(builder, source, _times(builder, source_row, row)), align=4)
            for row in range(WIDTH)
        ]
        span = 1
        while span < WIDTH:
            rows = _swap_blocks(builder, rows, span)
            span *= 2
        for row, value in enumerate(rows):
            builder.store(value, _vector_at(builder, target, _times(builder, target_row, row)), align=4)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 4), code


def _swap_blocks(builder: Any, rows: list[Any], span: int) -> list[Any]:
    """One round of a transposition: blocks of span x span off the diagonal change places."""

    def shuffled(first: Any, second: Any, order: list[int]) -> Any:
        return builder.shuffle_vector(first, second, ir.Constant(VECTOR_I32, [I32(n) for n in order]))

    upper = [lane if not lane & span else WIDTH + lane - span for lane in range(WIDTH)]
    lower = [lane + span if not lane & span else WIDTH + lane for lane in range(WIDTH)]
    found = list(rows)
    for row in range(WIDTH):
        if not row & span:
            first, second = rows[row], rows[row + span]
            found[row] = shuffled(first, second, upper)
            found[row + span] = shuffled(first, second, lower)
    return found
