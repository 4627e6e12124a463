"""Random masks: each number from its own place, so in any order."""

from __future__ import annotations

from netdsl.backend.numba.kernel import Kernel, Launch, Place, Real, blocks
from netdsl.primitives.random_mask import RandomMask

_BLOCK = 4096

_KERNEL = Kernel(
    "random_mask",
    f"""def random_mask(arguments, first, last, worker):
    mask = integer(arguments, 0)
    seed = load_unsigned(integer(arguments, 1))
    count = integer(arguments, 2)
    stream = integer(arguments, 3)
    threshold = integer(arguments, 4)
    kept = real(arguments, 5)
    position = first * {_BLOCK}
    end = min(last * {_BLOCK}, count)
    while position < end:
        drawn = drawn_below(position, stream, seed, threshold) * kept
        if position + WIDTH <= end:
            store(mask + position * 4, drawn)
        else:
            store_lanes(mask + position * 4, drawn, end - position)
        position += WIDTH
""",
)


def emit_random_mask(op: RandomMask, batch: int) -> list[Launch]:
    """Blocks of the flat mask."""
    mask, seed = op.outputs[0], op.inputs[0]
    count = mask.count(batch)
    arguments = (Place(mask), Place(seed), count, op.stream, op.threshold, Real(op.kept_value))
    return [Launch(_KERNEL, arguments, blocks(count, _BLOCK), (mask,))]
