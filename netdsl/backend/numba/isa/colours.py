"""What augmentation does to the colours of one picture, as words: see ``changing``."""

from __future__ import annotations

from typing import Any

import numpy as np

from netdsl.backend.numba.isa.arithmetic import greater, select
from netdsl.backend.numba.isa.inline import subroutine
from netdsl.backend.numba.isa.pictures import integer_below, number_at, put
from netdsl.backend.numba.isa.vectors import WIDTH, load, load_everywhere, load_lanes, store, store_lanes


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
        address = picture
        for _ in range(pixels):
            level = number_at(address) * number_at(grey)
            for channel in range(1, channels):
                level = level + number_at(address + channel * 4) * number_at(grey + channel * 4)
            total += level
            address += channels * 4
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
    index = 0
    while index + WIDTH <= count:
        value = load(picture + index * 4) * gain + move
        value = select(greater(lowest, value), lowest, value)
        store(picture + index * 4, select(greater(value, highest), highest, value))
        index += WIDTH
    if index < count:
        rest = count - index
        value = load_lanes(picture + index * 4, rest) * gain + move
        value = select(greater(lowest, value), lowest, value)
        store_lanes(picture + index * 4, select(greater(value, highest), highest, value), rest)


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
        address = picture + pixel * 12
        red, green, blue = number_at(address), number_at(address + 4), number_at(address + 8)
        put(address, limited(rr * red + rg * green + rb * blue + r, lowest, highest))
        put(address + 4, limited(gr * red + gg * green + gb * blue + g, lowest, highest))
        put(address + 8, limited(br * red + bg * green + bb * blue + b, lowest, highest))


@subroutine
def recolour_any(
    picture: Any, pixels: Any, channels: Any, step: Any, offsets: Any, settings: Any, buffer: Any
) -> None:
    """Any number of channels by a matrix."""
    lowest, highest = number_at(settings + 4), number_at(settings + 8)
    for pixel in range(pixels):
        address = picture + pixel * channels * 4
        for channel in range(channels):
            weights = step + channel * (channels + 2) * 4
            value = number_at(address) * number_at(weights)
            for other in range(1, channels):
                value = value + number_at(address + other * 4) * number_at(weights + other * 4)
            put(buffer + channel * 4, limited(value + number_at(offsets + channel * 4), lowest, highest))
        for channel in range(channels):
            put(address + channel * 4, number_at(buffer + channel * 4))


@subroutine
def turn_hue(picture: Any, pixels: Any, turn: Any) -> None:
    """The hue of pixels of three channels turned by the number at an address, in place."""
    sixths = number_at(turn) * np.float32(6)
    for pixel in range(pixels):
        address = picture + pixel * 12
        red, green, blue = number_at(address), number_at(address + 4), number_at(address + 8)
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
            put(address, channel_of_hue(hue + np.float32(5), largest, chroma))
            put(address + 4, channel_of_hue(hue + np.float32(3), largest, chroma))
            put(address + 8, channel_of_hue(hue + np.float32(1), largest, chroma))


@subroutine
def channel_of_hue(sixths: Any, largest: Any, chroma: Any) -> Any:
    """The value of a channel, from where the hue stands to it, in sixths of a turn."""
    six = np.float32(6)
    sixths = sixths - six * np.float32(integer_below(sixths / six))
    part = min(min(sixths, np.float32(4) - sixths), np.float32(1))
    return largest - chroma * max(part, np.float32(0))
