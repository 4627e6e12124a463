"""Small loops that kernels share: copies with borders, repeats, packing."""

from __future__ import annotations

from typing import Any

from netdsl.backend.numba.isa.image_lane_tile import transpose_tile
from netdsl.backend.numba.isa.inline import subroutine
from netdsl.backend.numba.isa.vectors import (
    WIDTH,
    load,
    load_everywhere,
    load_lanes,
    number,
    store,
    store_first,
    store_lanes,
)


@subroutine
def clear(target: Any, count: Any) -> None:
    """``count`` zeros at an address."""
    zero = number(0.0)
    index = 0
    while index + WIDTH <= count:
        store(target + index * 4, zero)
        index += WIDTH
    if index < count:
        store_lanes(target + index * 4, zero, count - index)


@subroutine
def copy(source: Any, target: Any, count: Any) -> None:
    """``count`` numbers from one address to another."""
    index = 0
    while index + WIDTH <= count:
        store(target + index * 4, load(source + index * 4))
        index += WIDTH
    if index < count:
        lanes = count - index
        store_lanes(target + index * 4, load_lanes(source + index * 4, lanes), lanes)


@subroutine
def add_to(source: Any, target: Any, count: Any) -> None:
    """Add ``count`` numbers from one address to those at another."""
    index = 0
    while index + WIDTH <= count:
        store(target + index * 4, load(target + index * 4) + load(source + index * 4))
        index += WIDTH
    if index < count:
        lanes = count - index
        total = load_lanes(target + index * 4, lanes) + load_lanes(source + index * 4, lanes)
        store_lanes(target + index * 4, total, lanes)


@subroutine
def repeat(source: Any, period: Any, target: Any, extent: Any) -> None:
    """``extent`` numbers that repeat the first ``period`` numbers of the source."""
    index = 0
    while index < extent:
        copy(source, target + index * 4, min(period, extent - index))
        index += period


@subroutine
def spread(source: Any, count: Any, target: Any) -> None:
    """Each of ``count`` numbers in every lane of a vector of its own."""
    for index in range(count):
        store(target + index * WIDTH * 4, load_everywhere(source + index * 4))


@subroutine
def into_lanes(source: Any, values: Any, target: Any, first: Any, last: Any) -> None:
    """WIDTH arrays of ``values`` numbers, one after the other, to vectors: target[value, array]."""
    index = first
    while index + WIDTH <= last:
        transpose_tile(source + index * 4, values, target + index * WIDTH * 4, WIDTH)
        index += WIDTH
    while index < last:
        for lane in range(WIDTH):
            number_there = load_everywhere(source + (lane * values + index) * 4)
            store_first(target + (index * WIDTH + lane) * 4, number_there)
        index += 1


@subroutine
def out_of_lanes(source: Any, values: Any, target: Any, first: Any, last: Any) -> None:
    """The way back: source[value, array] to WIDTH arrays of ``values`` numbers."""
    index = first
    while index + WIDTH <= last:
        transpose_tile(source + index * WIDTH * 4, WIDTH, target + index * 4, values)
        index += WIDTH
    while index < last:
        for lane in range(WIDTH):
            number_there = load_everywhere(source + (index * WIDTH + lane) * 4)
            store_first(target + (lane * values + index) * 4, number_there)
        index += 1


@subroutine
def transpose_band(
    source: Any, source_row: Any, target: Any, target_row: Any, rows: Any, columns: Any
) -> None:
    """target[column, row] = source[row, column] for at most WIDTH columns; rows are that far apart."""
    row = 0
    if columns == WIDTH:
        while row + WIDTH <= rows:
            transpose_tile(source + row * source_row * 4, source_row, target + row * 4, target_row)
            row += WIDTH
    while row < rows:
        for column in range(columns):
            number_there = load_everywhere(source + (row * source_row + column) * 4)
            store_first(target + (column * target_row + row) * 4, number_there)
        row += 1


@subroutine
def copy_band(
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
    """A band of an image with its border: rows top.. and columns -left.., zeros outside the image.

    The image has ``channels`` per position, of which ``depth`` from the source address on are
    copied; the target is rows x columns x depth.
    """
    first = min(max(0, left), columns)
    after = max(first, min(columns, width + left))
    for row in range(rows):
        out = target + row * columns * depth * 4
        y = top + row
        if y < 0 or y >= height:
            clear(out, columns * depth)
            continue
        clear(out, first * depth)
        line = source + (y * width + first - left) * channels * 4
        if depth == channels:
            copy(line, out + first * depth * 4, (after - first) * depth)
        else:
            for column in range(after - first):
                copy(line + column * channels * 4, out + (first + column) * depth * 4, depth)
        clear(out + after * depth * 4, (columns - after) * depth)


@subroutine
def pack_lanes(
    source: Any,
    steps: Any,
    by_step: Any,
    filled: Any,
    by_lane: Any,
    target: Any,
    target_step: Any,
    lanes: Any,
) -> None:
    """target[step, lane] = source[step, lane], zeros in the lanes from ``filled`` to ``lanes``.

    ``by_step`` and ``by_lane`` say how far apart numbers of the source are, ``target_step`` how far
    apart the rows of the target.
    """
    step = 0
    if by_lane != 1 and by_step == 1:
        whole = filled // WIDTH * WIDTH
        while step + WIDTH <= steps:
            out = target + step * target_step * 4
            for lane in range(0, whole, WIDTH):
                transpose_tile(source + (step + lane * by_lane) * 4, by_lane, out + lane * 4, target_step)
            for inner in range(WIDTH):
                line = out + inner * target_step * 4
                for lane in range(whole, filled):
                    store_first(
                        line + lane * 4, load_everywhere(source + (step + inner + lane * by_lane) * 4)
                    )
                clear(line + filled * 4, lanes - filled)
            step += WIDTH
    while step < steps:
        line, out = source + step * by_step * 4, target + step * target_step * 4
        if by_lane == 1:
            copy(line, out, filled)
        else:
            for lane in range(filled):
                store_first(out + lane * 4, load_everywhere(line + lane * by_lane * 4))
        clear(out + filled * 4, lanes - filled)
        step += 1
