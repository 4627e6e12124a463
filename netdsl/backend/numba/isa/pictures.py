"""What augmentation does to one picture, as words: netdsl.backend.pixel_changes says it in NumPy, to the bit.

Pixels are handled one by one; a picture is (height, width, channels) of 32-bit floats at an address.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from netdsl.backend.numba.isa.inline import subroutine
from netdsl.backend.numba.isa.memory import clear
from netdsl.backend.numba.isa.vectors import (
    FLOAT,
    I64,
    WIDTH,
    integer,
    load,
    load_everywhere,
    load_lanes,
    number,
    pointer,
    store,
    store_lanes,
)


@intrinsic  # type: ignore[untyped-decorator]
def number_at(context: Any, address: Any) -> Any:
    """One number from an address, by itself."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load(pointer(builder, values[0], FLOAT))

    return types.float32(types.intp), code


@intrinsic  # type: ignore[untyped-decorator]
def put(context: Any, address: Any, value: Any) -> Any:
    """One number to an address."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store(values[1], pointer(builder, values[0], FLOAT))
        return context.get_dummy_value()

    return types.void(types.intp, types.float32), code


@intrinsic  # type: ignore[untyped-decorator]
def integer_below(context: Any, value: Any) -> Any:
    """The largest whole number that is not above a number."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = ir.FunctionType(FLOAT, [FLOAT])
        floor = builder.module.declare_intrinsic("llvm.floor", [FLOAT], kind)
        return builder.fptosi(builder.call(floor, [values[0]]), I64)

    return types.intp(types.float32), code


@subroutine
def shown_coordinate(coordinate: Any, length: Any, border: Any) -> Any:
    """The coordinate itself, or the one that a border shows for it; -1 for black."""
    if 0 <= coordinate < length:
        return coordinate
    if border == 0:
        return -1
    if border == 2 and length > 1:
        period = 2 * (length - 1)
        coordinate = coordinate % period
        return min(coordinate, period - coordinate)
    return min(max(coordinate, 0), length - 1)


@subroutine
def move_picture(
    source: Any,
    target: Any,
    height: Any,
    width: Any,
    channels: Any,
    border: Any,
    settings: Any,
    coordinate_map: Any,
    lattice: Any,
    rows: Any,
    columns: Any,
) -> None:
    """Every pixel taken from where a map and a lattice of ``rows`` and ``columns`` say; 0 stands for none.

    ``settings``: what black borders show, the limits of colours, nodes per pixel downwards and across.
    """
    if lattice == 0 and whole_pixels(coordinate_map) != 0:
        move_whole_pixels(source, target, height, width, channels, border, settings, coordinate_map)
        return
    black = number_at(settings)
    for y in range(height):
        for x in range(width):
            from_x, from_y = np.float32(x), np.float32(y)
            if lattice != 0:
                nodes_down, nodes_across = (
                    from_y * number_at(settings + 12),
                    from_x * number_at(settings + 16),
                )
                line = min(integer_below(nodes_down), rows - 2)
                node = min(integer_below(nodes_across), columns - 2)
                corner = lattice + (line * columns + node) * 8
                lower, right = nodes_down - np.float32(line), nodes_across - np.float32(node)
                from_x = from_x + between_nodes(right, lower, corner, columns)
                from_y = from_y + between_nodes(right, lower, corner + 4, columns)
            if coordinate_map != 0:
                mapped = mapped_coordinate(from_x, from_y, coordinate_map)
                from_y = mapped_coordinate(from_x, from_y, coordinate_map + 12)
                from_x = mapped
            out = target + (y * width + x) * channels * 4
            left, top = integer_below(from_x), integer_below(from_y)
            right, lower = from_x - np.float32(left), from_y - np.float32(top)
            if left >= 0 and top >= 0 and left + 1 < width and top + 1 < height:
                corner = source + (top * width + left) * channels * 4
                under = corner + width * channels * 4
                for _ in range(channels):
                    put(out, between_pixels(right, lower, corner, under, channels * 4))
                    corner, under, out = corner + 4, under + 4, out + 4
            else:
                first, last = shown_coordinate(left, width, border), shown_coordinate(left + 1, width, border)
                line, next_line = (
                    shown_coordinate(top, height, border),
                    shown_coordinate(top + 1, height, border),
                )
                for channel in range(channels):
                    beside = source + channel * 4
                    upper_left = pixel_or_black(black, beside, line, first, width, channels)
                    upper_right = pixel_or_black(black, beside, line, last, width, channels)
                    lower_left = pixel_or_black(black, beside, next_line, first, width, channels)
                    lower_right = pixel_or_black(black, beside, next_line, last, width, channels)
                    upper = weighed(upper_left, upper_right, right)
                    put(out, weighed(upper, weighed(lower_left, lower_right, right), lower))
                    out += 4


@subroutine
def weighed(low: Any, high: Any, weight: Any) -> Any:
    """``low`` and ``high`` with the weight of the second."""
    return low * (np.float32(1) - weight) + high * weight


@subroutine
def between_nodes(right: Any, lower: Any, corner: Any, columns: Any) -> Any:
    """One component of a lattice between the node at an address and its neighbours."""
    under = corner + columns * 8
    upper = weighed(number_at(corner), number_at(corner + 8), right)
    return weighed(upper, weighed(number_at(under), number_at(under + 8), right), lower)


@subroutine
def between_pixels(right: Any, lower: Any, corner: Any, under: Any, distance: Any) -> Any:
    """One channel between a pixel at ``corner``, its neighbour ``distance`` bytes on, and those ``under``."""
    upper = weighed(number_at(corner), number_at(corner + distance), right)
    return weighed(upper, weighed(number_at(under), number_at(under + distance), right), lower)


@subroutine
def mapped_coordinate(x: Any, y: Any, row: Any) -> Any:
    """One mapped coordinate, by the row of a map at an address."""
    return (number_at(row) * x + number_at(row + 4) * y) + number_at(row + 8)


@subroutine
def pixel_or_black(black: Any, source: Any, line: Any, column: Any, width: Any, channels: Any) -> Any:
    """The channel at ``source`` of a pixel, or what a black border shows where its line or column is -1."""
    if line < 0 or column < 0:
        return black
    return number_at(source + (line * width + column) * channels * 4)


@subroutine
def whole_pixels(coordinate_map: Any) -> Any:
    """1 where a map moves by whole pixels, mirrored or not, so that nothing is mixed; else 0."""
    if coordinate_map == 0:
        return 0
    if number_at(coordinate_map + 4) != 0 or number_at(coordinate_map + 12) != 0:
        return 0
    if abs(number_at(coordinate_map)) != 1 or abs(number_at(coordinate_map + 16)) != 1:
        return 0
    across, down = number_at(coordinate_map + 8), number_at(coordinate_map + 20)
    if across != np.float32(integer_below(across)) or down != np.float32(integer_below(down)):
        return 0
    return 1


@subroutine
def move_whole_pixels(
    source: Any,
    target: Any,
    height: Any,
    width: Any,
    channels: Any,
    border: Any,
    settings: Any,
    coordinate_map: Any,
) -> None:
    """``move_picture`` where every pixel comes from one pixel."""
    right, across = integer_below(number_at(coordinate_map)), integer_below(number_at(coordinate_map + 8))
    lower, down = integer_below(number_at(coordinate_map + 16)), integer_below(number_at(coordinate_map + 20))
    black = number_at(settings)
    for y in range(height):
        line = shown_coordinate(lower * y + down, height, border)
        for x in range(width):
            column = shown_coordinate(right * x + across, width, border)
            for channel in range(channels):
                put(target, pixel_or_black(black, source + channel * 4, line, column, width, channels))
                target += 4


@subroutine
def hide(picture: Any, width: Any, channels: Any, hole: Any) -> None:
    """Zeros in the rectangle of four integers at an address: top, left, bottom, right."""
    top, left, bottom, right = integer(hole, 0), integer(hole, 1), integer(hole, 2), integer(hole, 3)
    for y in range(top, bottom):
        if left < right:
            clear(picture + (y * width + left) * channels * 4, (right - left) * channels)


@subroutine
def mix(own: Any, partner: Any, count: Any, share: Any) -> None:
    """``count`` numbers made of a share, at an address, of themselves and the rest of those of a partner."""
    first = load_everywhere(share)
    second = number(1.0) - first
    index = 0
    while index + WIDTH <= count:
        mixed = load(own + index * 4) * first + load(partner + index * 4) * second
        store(own + index * 4, mixed)
        index += WIDTH
    if index < count:
        rest = count - index
        mixed = load_lanes(own + index * 4, rest) * first + load_lanes(partner + index * 4, rest) * second
        store_lanes(own + index * 4, mixed, rest)
