"""Crops and concatenations: blocks of rows copied."""

from __future__ import annotations

from netdsl.backend.numba.kernel import (
    Launch,
    fixed_kernel,
    named,
)
from netdsl.primitives.concatenation import Concatenation
from netdsl.primitives.crop import Crop

_CROP = """    before = min(max(0, -start), depth)
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
"""

_CONCATENATE = """    for item in range(first, last):
        for position in range(item * positions, (item + 1) * positions):
            copy(x + position * depth * 4, y + (position * channels + start) * 4, depth)
"""


def emit_crop(op: Crop, batch: int) -> list[Launch]:
    """One work item per output row."""
    (x,), (y,) = op.inputs, op.outputs
    given = named(
        x=x,
        y=y,
        height=x.shape[0],
        width=x.shape[1],
        channels=x.shape[2],
        rows=y.shape[0],
        columns=y.shape[1],
        depth=y.shape[2],
        top=op.offset[0],
        left=op.offset[1],
        start=op.offset[2],
    )
    return [Launch(fixed_kernel("crop", given, _CROP), given.values, batch * y.shape[0], (y,))]


def emit_concatenation(op: Concatenation, batch: int) -> list[Launch]:
    """One launch per input, one work item per image."""
    y = op.outputs[0]
    height, width, channels = y.shape
    launches = []
    start = 0
    for x in op.inputs:
        given = named(
            x=x,
            y=y,
            depth=x.shape[2],
            channels=channels,
            start=start,
            positions=height * width,
        )
        launches.append(
            Launch(fixed_kernel("place_channels", given, _CONCATENATE), given.values, batch, (y,))
        )
        start += x.shape[2]
    return launches
