"""Crops and concatenations: blocks of rows copied."""

from __future__ import annotations

from netdsl.backend.numba.kernel import Argument, Kernel, Launch, Place
from netdsl.primitives.concatenation import Concatenation
from netdsl.primitives.crop import Crop

_CROP = Kernel(
    "crop",
    """def crop(arguments, first, last, worker):
    x = integer(arguments, 0)
    y = integer(arguments, 1)
    height = integer(arguments, 2)
    width = integer(arguments, 3)
    channels = integer(arguments, 4)
    rows = integer(arguments, 5)
    columns = integer(arguments, 6)
    depth = integer(arguments, 7)
    top = integer(arguments, 8)
    left = integer(arguments, 9)
    start = integer(arguments, 10)
    before = min(max(0, -start), depth)
    inside = max(0, min(depth, channels - start) - before)
    for item in range(first, last):
        image = item // rows
        row = item - image * rows
        line = y + item * columns * depth * 4
        if row + top < 0 or row + top >= height or inside == 0:
            clear(line, columns * depth)
            continue
        source = x + (image * height + row + top) * width * channels * 4
        for column in range(columns):
            out = line + column * depth * 4
            if column + left < 0 or column + left >= width:
                clear(out, depth)
                continue
            if inside < depth:
                clear(out, depth)
            copy(source + ((column + left) * channels + start + before) * 4, out + before * 4, inside)
""",
)

_PLACE = Kernel(
    "place_channels",
    """def place_channels(arguments, first, last, worker):
    x = integer(arguments, 0)
    y = integer(arguments, 1)
    depth = integer(arguments, 2)
    channels = integer(arguments, 3)
    start = integer(arguments, 4)
    positions = integer(arguments, 5)
    for item in range(first, last):
        for position in range(item * positions, (item + 1) * positions):
            copy(x + position * depth * 4, y + (position * channels + start) * 4, depth)
""",
)


def emit_crop(op: Crop, batch: int) -> list[Launch]:
    """One work item per output row."""
    (x,), (y,) = op.inputs, op.outputs
    arguments: tuple[Argument, ...] = (Place(x), Place(y), *x.shape, *y.shape, *op.offset)
    return [Launch(_CROP, arguments, batch * y.shape[0], (y,))]


def emit_concatenation(op: Concatenation, batch: int) -> list[Launch]:
    """One launch per input, one work item per image."""
    y = op.outputs[0]
    height, width, channels = y.shape
    launches = []
    start = 0
    for x in op.inputs:
        arguments = (Place(x), Place(y), x.shape[2], channels, start, height * width)
        launches.append(Launch(_PLACE, arguments, batch, (y,)))
        start += x.shape[2]
    return launches
