"""Sums over neighbouring channels."""

from __future__ import annotations

from netdsl.backend.numba.kernel import (
    Launch,
    PerWorker,
    blocks,
    fixed_kernel,
    named,
)
from netdsl.backend.numba.target import Target
from netdsl.primitives.channel_window import ChannelWindow

_KERNEL = """    # A row with zeros on both sides: then every channel sums as many neighbours.
    clear(scratch, channels + window + WIDTH)
    for row in range(first * rows_per_item, min(last * rows_per_item, rows)):
        copy(x + row * channels * 4, scratch + before * 4, channels)
        out = y + row * channels * 4
        c = 0
        while c < channels:
            total = load(scratch + c * 4)
            for neighbour in range(1, window):
                total = total + load(scratch + (c + neighbour) * 4)
            if c + WIDTH <= channels:
                store(out + c * 4, total)
            else:
                store_lanes(out + c * 4, total, channels - c)
            c += WIDTH
"""


def emit_channel_window(op: ChannelWindow, batch: int, target: Target) -> list[Launch]:
    """Rows of channels, each through a copy with zeros around it."""
    (x,), (y,) = op.inputs, op.outputs
    channels = x.shape[-1]
    rows = x.count(batch) // channels
    window = op.before + op.after + 1
    rows_per_item = max(1, 4096 // channels)
    scratch = channels + window + 2 * target.width
    given = named(
        x=x,
        y=y,
        rows=rows,
        channels=channels,
        before=op.before,
        window=window,
        rows_per_item=rows_per_item,
        scratch=PerWorker(scratch),
    )
    return [
        Launch(
            fixed_kernel("channel_window", given, _KERNEL),
            given.values,
            blocks(rows, rows_per_item),
            (y,),
            scratch,
        )
    ]
