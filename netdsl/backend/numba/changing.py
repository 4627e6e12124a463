"""What augmentation does to one picture, as words: netdsl.backend.changes says it in NumPy, to the bit.

Pixels are handled one by one; a picture is (height, width, channels) of 32-bit floats at an address.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from netdsl.backend.numba.arithmetic import greater, select
from netdsl.backend.numba.copying import clear
from netdsl.backend.numba.simd import (
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
from netdsl.backend.numba.subroutine import subroutine


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
def shown_place(place: Any, length: Any, border: Any) -> Any:
    """The place itself, or the one that a border shows for it; -1 for black."""
    if 0 <= place < length:
        return place
    if border == 0:
        return -1
    if border == 2 and length > 1:
        period = 2 * (length - 1)
        place = place % period
        return min(place, period - place)
    return min(max(place, 0), length - 1)


@subroutine
def move_picture(
    source: Any,
    target: Any,
    height: Any,
    width: Any,
    channels: Any,
    border: Any,
    settings: Any,
    place_map: Any,
    lattice: Any,
    rows: Any,
    columns: Any,
) -> None:
    """Every pixel taken from where a map and a lattice of ``rows`` and ``columns`` say; 0 stands for none.

    ``settings``: what black borders show, the limits of colours, nodes per pixel downwards and across.
    """
    if lattice == 0 and whole_pixels(place_map) != 0:
        move_whole_pixels(source, target, height, width, channels, border, settings, place_map)
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
            if place_map != 0:
                mapped = mapped_place(from_x, from_y, place_map)
                from_y = mapped_place(from_x, from_y, place_map + 12)
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
                first, last = shown_place(left, width, border), shown_place(left + 1, width, border)
                line, next_line = shown_place(top, height, border), shown_place(top + 1, height, border)
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
def mapped_place(x: Any, y: Any, row: Any) -> Any:
    """One coordinate of a place, by the row of a map at an address."""
    return (number_at(row) * x + number_at(row + 4) * y) + number_at(row + 8)


@subroutine
def pixel_or_black(black: Any, source: Any, line: Any, place: Any, width: Any, channels: Any) -> Any:
    """The channel at ``source`` of a pixel, or what a black border shows where one of its places is -1."""
    if line < 0 or place < 0:
        return black
    return number_at(source + (line * width + place) * channels * 4)


@subroutine
def whole_pixels(place_map: Any) -> Any:
    """1 where a map moves by whole pixels, mirrored or not, so that nothing is mixed; else 0."""
    if place_map == 0:
        return 0
    if number_at(place_map + 4) != 0 or number_at(place_map + 12) != 0:
        return 0
    if abs(number_at(place_map)) != 1 or abs(number_at(place_map + 16)) != 1:
        return 0
    across, down = number_at(place_map + 8), number_at(place_map + 20)
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
    place_map: Any,
) -> None:
    """``move_picture`` where every pixel comes from one pixel."""
    right, across = integer_below(number_at(place_map)), integer_below(number_at(place_map + 8))
    lower, down = integer_below(number_at(place_map + 16)), integer_below(number_at(place_map + 20))
    black = number_at(settings)
    for y in range(height):
        line = shown_place(lower * y + down, height, border)
        for x in range(width):
            place = shown_place(right * x + across, width, border)
            for channel in range(channels):
                put(target, pixel_or_black(black, source + channel * 4, line, place, width, channels))
                target += 4


@subroutine
def recolour(
    picture: Any, pixels: Any, channels: Any, step: Any, grey: Any, settings: Any, buffer: Any
) -> None:
    """One step of colours in place; ``buffer`` has room for a pixel and its offsets."""
    offsets = buffer + channels * 4
    whole_offsets(picture, pixels, channels, step, grey, offsets)
    if same_for_all(channels, step, offsets) != 0:
        brighten(picture, pixels * channels, step, offsets, settings)
    elif channels == 3:
        recolour_three(picture, pixels, step, offsets, settings)
    else:
        recolour_any(picture, pixels, channels, step, offsets, settings, buffer)


@subroutine
def whole_offsets(picture: Any, pixels: Any, channels: Any, step: Any, grey: Any, offsets: Any) -> None:
    """The offset of each channel with the part that the mean grey of the picture has in it."""
    pivoted = False
    for channel in range(channels):
        column = step + (channel * (channels + 2) + channels) * 4
        put(offsets + channel * 4, number_at(column))
        pivoted = pivoted or number_at(column + 4) != 0
    if pivoted:
        total = 0.0
        place = picture
        for _ in range(pixels):
            level = number_at(place) * number_at(grey)
            for channel in range(1, channels):
                level = level + number_at(place + channel * 4) * number_at(grey + channel * 4)
            total += level
            place += channels * 4
        mean = np.float32(total / pixels)
        for channel in range(channels):
            column = step + (channel * (channels + 2) + channels) * 4
            if number_at(column + 4) != 0:
                put(offsets + channel * 4, number_at(column) + number_at(column + 4) * mean)


@subroutine
def same_for_all(channels: Any, step: Any, offsets: Any) -> Any:
    """1 where all channels are changed alike and each by itself; else 0."""
    for channel in range(channels):
        if number_at(offsets + channel * 4) != number_at(offsets):
            return 0
        for other in range(channels):
            weight = number_at(step + (channel * (channels + 2) + other) * 4)
            wanted = number_at(step) if other == channel else np.float32(0)
            if weight != wanted:
                return 0
    return 1


@subroutine
def brighten(picture: Any, count: Any, factor: Any, offset: Any, settings: Any) -> None:
    """``count`` numbers times the one at an address plus another, limited."""
    gain, move = load_everywhere(factor), load_everywhere(offset)
    lowest, highest = load_everywhere(settings + 4), load_everywhere(settings + 8)
    place = 0
    while place + WIDTH <= count:
        value = load(picture + place * 4) * gain + move
        value = select(greater(lowest, value), lowest, value)
        store(picture + place * 4, select(greater(value, highest), highest, value))
        place += WIDTH
    if place < count:
        rest = count - place
        value = load_lanes(picture + place * 4, rest) * gain + move
        value = select(greater(lowest, value), lowest, value)
        store_lanes(picture + place * 4, select(greater(value, highest), highest, value), rest)


@subroutine
def limited(value: Any, lowest: Any, highest: Any) -> Any:
    if value < lowest:
        return lowest
    if value > highest:
        return highest
    return value


@subroutine
def recolour_three(picture: Any, pixels: Any, step: Any, offsets: Any, settings: Any) -> None:
    """Red, green and blue by a matrix."""
    rr, rg, rb = number_at(step), number_at(step + 4), number_at(step + 8)
    gr, gg, gb = number_at(step + 20), number_at(step + 24), number_at(step + 28)
    br, bg, bb = number_at(step + 40), number_at(step + 44), number_at(step + 48)
    r, g, b = number_at(offsets), number_at(offsets + 4), number_at(offsets + 8)
    lowest, highest = number_at(settings + 4), number_at(settings + 8)
    for pixel in range(pixels):
        place = picture + pixel * 12
        red, green, blue = number_at(place), number_at(place + 4), number_at(place + 8)
        put(place, limited(rr * red + rg * green + rb * blue + r, lowest, highest))
        put(place + 4, limited(gr * red + gg * green + gb * blue + g, lowest, highest))
        put(place + 8, limited(br * red + bg * green + bb * blue + b, lowest, highest))


@subroutine
def recolour_any(
    picture: Any, pixels: Any, channels: Any, step: Any, offsets: Any, settings: Any, buffer: Any
) -> None:
    """Any number of channels by a matrix."""
    lowest, highest = number_at(settings + 4), number_at(settings + 8)
    for pixel in range(pixels):
        place = picture + pixel * channels * 4
        for channel in range(channels):
            weights = step + channel * (channels + 2) * 4
            value = number_at(place) * number_at(weights)
            for other in range(1, channels):
                value = value + number_at(place + other * 4) * number_at(weights + other * 4)
            put(buffer + channel * 4, limited(value + number_at(offsets + channel * 4), lowest, highest))
        for channel in range(channels):
            put(place + channel * 4, number_at(buffer + channel * 4))


@subroutine
def turn_hue(picture: Any, pixels: Any, turn: Any) -> None:
    """The hue of pixels of three channels turned by the number at an address, in place."""
    sixths = number_at(turn) * np.float32(6)
    for pixel in range(pixels):
        place = picture + pixel * 12
        red, green, blue = number_at(place), number_at(place + 4), number_at(place + 8)
        largest, smallest = max(max(red, green), blue), min(min(red, green), blue)
        chroma = largest - smallest
        if chroma != 0:
            if largest == red:
                hue = (green - blue) / chroma
            elif largest == green:
                hue = (blue - red) / chroma + np.float32(2)
            else:
                hue = (red - green) / chroma + np.float32(4)
            hue = hue + sixths
            put(place, channel_of_hue(hue + np.float32(5), largest, chroma))
            put(place + 4, channel_of_hue(hue + np.float32(3), largest, chroma))
            put(place + 8, channel_of_hue(hue + np.float32(1), largest, chroma))


@subroutine
def channel_of_hue(place: Any, largest: Any, chroma: Any) -> Any:
    """The value of a channel, from where the hue stands to it, in sixths of a turn."""
    six = np.float32(6)
    place = place - six * np.float32(integer_below(place / six))
    part = min(min(place, np.float32(4) - place), np.float32(1))
    return largest - chroma * max(part, np.float32(0))


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
    place = 0
    while place + WIDTH <= count:
        mixed = load(own + place * 4) * first + load(partner + place * 4) * second
        store(own + place * 4, mixed)
        place += WIDTH
    if place < count:
        rest = count - place
        mixed = load_lanes(own + place * 4, rest) * first + load_lanes(partner + place * 4, rest) * second
        store_lanes(own + place * 4, mixed, rest)
