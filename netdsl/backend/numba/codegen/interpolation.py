"""Interpolations: every position of the new axis is a sum of few weighted ones of the old axis."""

from __future__ import annotations

from netdsl.backend.numba.kernel import (
    Launch,
    blocks,
    fixed_kernel,
    named,
)
from netdsl.primitives.interpolation import Interpolation

_BLOCK = 4096
"""Numbers of one work item, about."""

_FIRST = 0x4B000000
"""The bits of 2^23 as a 32-bit float: what tables add to whole numbers."""

_KERNEL = f"""    for line in range(first * lines_per_item, min(last * lines_per_item, lines)):
        outer = line // new
        entry = table + (line - outer * new) * row * 4
        taps = load_unsigned(entry) - {_FIRST}
        source = x + outer * old * inner * 4
        out = y + line * inner * 4
        place = 0
        while place < inner:
            lanes = min(inner - place, WIDTH)
            total = number(0.0)
            for tap in range(taps):
                where = entry + (1 + 2 * tap) * 4
                start = source + ((load_unsigned(where) - {_FIRST}) * inner + place) * 4
                if lanes == WIDTH:
                    total = multiply_add(load_everywhere(where + 4), load(start), total)
                else:
                    total = multiply_add(load_everywhere(where + 4), load_lanes(start, lanes), total)
            if lanes == WIDTH:
                store(out + place * 4, total)
            else:
                store_lanes(out + place * 4, total, lanes)
            place += WIDTH
"""


def emit_interpolation(op: Interpolation, batch: int) -> list[Launch]:
    """Lines of what comes after the axis: whole rows for the height, channels for the width."""
    (x, table), (y,) = op.inputs, op.outputs
    height, width, channels = y.shape
    inner = channels if op.axis else width * channels
    new, old = y.shape[op.axis], x.shape[op.axis]
    lines = batch * (height * width if op.axis else height)
    lines_per_item = max(1, _BLOCK // inner)
    positions = op.stretch.inputs if op.back else op.stretch.outputs
    given = named(
        x=x,
        y=y,
        table=table,
        old=old,
        new=new,
        inner=inner,
        row=table.values // positions,
        lines=lines,
        lines_per_item=lines_per_item,
    )
    return [
        Launch(fixed_kernel("interpolate", given, _KERNEL), given.values, blocks(lines, lines_per_item), (y,))
    ]
