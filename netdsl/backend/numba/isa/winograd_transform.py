"""Transforms of small square tiles: M d M^T for a constant matrix M, a vector of channels at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from netdsl.backend.numba.isa.bfloat16 import write_halves
from netdsl.backend.numba.isa.inline import subroutine
from netdsl.backend.numba.isa.vectors import (
    I64,
    VECTOR,
    WIDTH,
    integer,
    lane_mask,
    llvm_call,
    masked_load,
    masked_store,
    pointer,
)

Row = list[float]


def matrix_from_text(text: str) -> list[Row]:
    """Rows parted by semicolons, numbers by blanks."""
    return [[float(number) for number in row.split()] for row in text.split(";")]


def _mirrored(first: Row, second: Row) -> bool:
    """Whether two rows are the same but for signs, and worth computing together."""
    same = all(abs(a) == abs(b) for a, b in zip(first, second, strict=True))
    return same and first != second and sum(1 for a in first if a) > 1


def _pairs(rows: list[Row]) -> list[tuple[int, int]]:
    """Rows, two by two, that differ in signs alone."""
    found: list[tuple[int, int]] = []
    for j in range(len(rows)):
        taken = {row for pair in found for row in pair}
        partner = next((i for i in range(j) if i not in taken and _mirrored(rows[i], rows[j])), None)
        if partner is not None and j not in taken:
            found.append((partner, j))
    return found


def _weighted_sum(builder: Any, terms: list[tuple[float, Any]]) -> Any:
    """The sum of weights times vectors; None for no term."""
    # A term of weight 1 goes first: it needs no multiplication.
    terms = sorted((term for term in terms if term[0]), key=lambda term: term[0] != 1)
    if not terms:
        return None
    weight, total = terms[0]
    if weight != 1:
        total = builder.fmul(ir.Constant(VECTOR, [weight] * WIDTH), total)
    for weight, value in terms[1:]:
        if weight in (1, -1):
            total = builder.fadd(total, value) if weight == 1 else builder.fsub(total, value)
        else:
            arguments = [ir.Constant(VECTOR, [weight] * WIDTH), value, total]
            total = llvm_call(builder, f"llvm.fma.v{WIDTH}f32", VECTOR, arguments)
    return total


def _with_paired_rows(builder: Any, matrix: list[Row], inputs: list[Any]) -> list[Any]:
    """Matrix times inputs. Rows that differ in signs share their sums: even + odd and even - odd."""
    results: list[Any] = [None] * len(matrix)
    for i, j in _pairs(matrix):
        terms = list(zip(matrix[i], matrix[j], inputs, strict=True))
        even = _weighted_sum(builder, [(a, x) for a, b, x in terms if a == b])
        odd = _weighted_sum(builder, [(a, x) for a, b, x in terms if a != b])
        if even is not None:
            results[i], results[j] = builder.fadd(even, odd), builder.fsub(even, odd)
    for i, row in enumerate(matrix):
        if results[i] is None:
            results[i] = _weighted_sum(builder, list(zip(row, inputs, strict=True)))
    return results


def _times(builder: Any, matrix: list[Row], inputs: list[Any]) -> list[Any]:
    """Matrix times a column of vectors, with what rows or columns have in common computed once."""
    columns = [list(column) for column in zip(*matrix, strict=True)]
    pairs = _pairs(columns)
    if not pairs:
        return _with_paired_rows(builder, matrix, inputs)
    paired = {column for pair in pairs for column in pair}
    terms: list[list[tuple[float, Any]]] = [
        [(row[c], inputs[c]) for c in range(len(inputs)) if c not in paired] for row in matrix
    ]
    for c, d in pairs:
        total, difference = builder.fadd(inputs[c], inputs[d]), builder.fsub(inputs[c], inputs[d])
        for row, row_terms in zip(matrix, terms, strict=True):
            row_terms.append((row[c], total if row[c] == row[d] else difference))
    return [_weighted_sum(builder, row_terms) for row_terms in terms]


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def transform(
    context: Any,
    matrix: Any,
    gathers: Any,
    scatters: Any,
    source: Any,
    source_step: Any,
    target: Any,
    target_step: Any,
    offset: Any,
    lanes: Any,
) -> Any:
    """R = M d M^T for each lane: d is n x n vectors, R is m x m, M the m x n literal ``matrix``.

    With ``gathers`` 1, ``source`` is a table of n*n addresses, of d[0, 0], d[0, 1] and so on; with 0
    it is the address of d[0, 0], and the others follow ``source_step`` bytes apart. ``scatters``
    says the same of the target. ``offset`` bytes are added to every source address, and to
    every target address; of each vector ``lanes`` numbers are read and written, WIDTH if it
    is that literal.
    """
    signature = types.void(matrix, gathers, scatters, *[types.intp] * 5, lanes)
    task = _task_of(matrix, gathers, scatters, lanes)

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        mask = None if task.whole else lane_mask(builder, values[8])

        def write(where: Any, value: Any) -> None:
            if mask is None:
                builder.store(value, pointer(builder, where, VECTOR), align=4)
            else:
                masked_store(builder, value, pointer(builder, where, VECTOR), mask)

        _transform(builder, task, values[3:8], mask, values[7], write)
        return context.get_dummy_value()

    return signature, code


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def transform_to_halves(
    context: Any,
    matrix: Any,
    gathers: Any,
    source: Any,
    source_step: Any,
    target: Any,
    target_step: Any,
    offset: Any,
    lanes: Any,
) -> Any:
    """``transform`` that writes bfloat16 numbers, whole vectors of them, ``offset``/2 bytes on."""
    signature = types.void(matrix, gathers, *[types.intp] * 5, lanes)
    task = _task_of(matrix, gathers, None, lanes)

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        mask = None if task.whole else lane_mask(builder, values[7])
        half = builder.ashr(values[6], ir.Constant(I64, 1))

        def write(where: Any, value: Any) -> None:
            write_halves(builder, where, value)

        _transform(builder, task, values[2:7], mask, half, write)
        return context.get_dummy_value()

    return signature, code


class _Task(NamedTuple):
    """What of a transform is literal; ``whole`` says that all lanes count."""

    rows: list[Row]
    gathers: int
    scatters: int
    whole: bool


def _task_of(matrix: Any, gathers: Any, scatters: Any, lanes: Any) -> _Task:
    whole = isinstance(lanes, types.IntegerLiteral) and lanes.literal_value == WIDTH
    listed = scatters.literal_value if scatters is not None else 0
    return _Task(matrix_from_text(matrix.literal_value), gathers.literal_value, listed, whole)


def _transform(
    builder: Any, task: _Task, values: Any, mask: Any, target_offset: Any, write: Callable[[Any, Any], None]
) -> None:
    """The code of a transform that hands addresses and vectors to ``write``."""
    rows, extent = task.rows, len(task.rows[0])
    source, source_step, target, target_step, offset = values

    def address(start: Any, step: Any, offset: Any, listed: int, number: int) -> Any:
        if listed:
            table = pointer(builder, start, I64)
            start = builder.load(builder.gep(table, [ir.Constant(I64, number)]))
        else:
            start = builder.add(start, builder.mul(step, ir.Constant(I64, number)))
        return builder.add(start, offset)

    def read(number: int) -> Any:
        where = pointer(builder, address(source, source_step, offset, task.gathers, number), VECTOR)
        return builder.load(where, align=4) if mask is None else masked_load(builder, where, mask)

    columns = [_times(builder, rows, [read(a * extent + b) for a in range(extent)]) for b in range(extent)]
    for i in range(len(rows)):
        results = _times(builder, rows, [column[i] for column in columns])
        for j, result in enumerate(results):
            number = i * len(rows) + j
            write(address(target, target_step, target_offset, task.scatters, number), result)


@intrinsic  # type: ignore[untyped-decorator]
def store_integer(context: Any, address: Any, value: Any) -> Any:
    """A 64-bit integer to an address."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store(values[1], pointer(builder, values[0], I64))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp), code


@subroutine
def list_nowhere(table: Any, extent: Any, elsewhere: Any) -> None:
    """The addresses of a tile that no image covers."""
    for number in range(extent * extent):
        store_integer(table + number * 8, elsewhere)


@subroutine
def list_places(
    table: Any,
    extent: Any,
    tile: Any,
    step: Any,
    top: Any,
    left: Any,
    images: Any,
    elsewhere: Any,
    mosaic: Any,
) -> None:
    """Write the addresses of the extent x extent positions of a tile, row by row.

    Tiles begin ``step`` apart, ``top`` and ``left`` before the images do. ``images`` is the
    address of the first image, ``elsewhere`` what stands for positions that no image covers, and
    ``mosaic`` the address of the numbers of ``Mosaic.numbers``.
    """
    tiles_wide = integer(mosaic, 6)
    images_high, images_wide, count = integer(mosaic, 7), integer(mosaic, 8), integer(mosaic, 9)
    height, width, channels = integer(mosaic, 10), integer(mosaic, 11), integer(mosaic, 12)
    pitch_high, pitch_wide = integer(mosaic, 0), integer(mosaic, 3)
    tile_row = tile // tiles_wide
    row = _coordinate_of(tile_row, step, top, mosaic)
    image_row = row // pitch_high
    row -= image_row * pitch_high
    start = _coordinate_of(tile - tile_row * tiles_wide, step, left, mosaic + 24)
    first_column = start // pitch_wide
    start -= first_column * pitch_wide
    for i in range(extent):
        inside = 0 <= image_row < images_high and row < height
        image_column, column = first_column, start
        for j in range(extent):
            image = image_row * images_wide + image_column
            address = elsewhere
            if inside and 0 <= image_column < images_wide and column < width and image < count:
                address = images + ((image * height + row) * width + column) * channels * 4
            store_integer(table + (i * extent + j) * 8, address)
            column += 1
            if column == pitch_wide:
                column = 0
                image_column += 1
        row += 1
        if row == pitch_high:
            row = 0
            image_row += 1


@subroutine
def _coordinate_of(tile: Any, step: Any, before: Any, axis: Any) -> Any:
    """Where a tile begins along an axis of the mosaic."""
    run, run_pitch = integer(axis, 1), integer(axis, 2)
    return tile // run * run_pitch + tile % run * step - before
