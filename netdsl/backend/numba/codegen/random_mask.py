"""Random masks: each number from its own index, so in any order."""

from __future__ import annotations

from netdsl.backend.numba.kernel import (
    Launch,
    Real,
    Unsigned,
    blocks,
    fixed_kernel,
    named,
)
from netdsl.primitives.random_mask import RandomMask

_BLOCK = 4096

_KERNEL = f"""    position = first * {_BLOCK}
    end = min(last * {_BLOCK}, count)
    while position < end:
        drawn = drawn_below(position, stream, seed, threshold) * kept
        if position + WIDTH <= end:
            store(mask + position * 4, drawn)
        else:
            store_lanes(mask + position * 4, drawn, end - position)
        position += WIDTH
"""


def emit_random_mask(op: RandomMask, batch: int) -> list[Launch]:
    """Blocks of the flat mask."""
    mask, seed = op.outputs[0], op.inputs[0]
    count = mask.count(batch)
    given = named(
        mask=mask,
        seed=Unsigned(seed),
        count=count,
        stream=op.stream,
        threshold=op.threshold,
        kept=Real(op.kept_value),
    )
    return [Launch(fixed_kernel("random_mask", given, _KERNEL), given.values, blocks(count, _BLOCK), (mask,))]
