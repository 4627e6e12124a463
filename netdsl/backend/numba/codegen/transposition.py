"""Transpositions: rows of the result gathered from where they are."""

from __future__ import annotations

from netdsl.backend.numba.kernel import (
    Launch,
    blocks,
    fixed_kernel,
    named,
)
from netdsl.backend.numba.target import Target
from netdsl.primitives.transposition import MOST_AXES, Transposition

_KERNEL = """    slab = n1 * n2 * n3 * n4
    for item in range(first, last):
        image = item // slabs
        start = x + (image * values + (item - image * slabs) * s0) * 4
        out = y + item * slab * 4
        for a in range(n1):
            for b in range(n2):
                for c in range(n3):
                    source = start + (a * s1 + b * s2 + c * s3) * 4
                    if s4 == 1:
                        copy(source, out, n4)
                    else:
                        for d in range(n4):
                            store_first(out + d * 4, load_everywhere(source + d * s4 * 4))
                    out += n4 * 4
"""


_INTO_PAIRS = """    for row in range(first * rows_per_item, min(last * rows_per_item, rows)):
        one = x + row * half * 8
        other = one + half * 4
        out = y + row * half * 8
        place = 0
        while place + WIDTH <= half:
            a = load(one + place * 4)
            b = load(other + place * 4)
            store(out + place * 8, first_in_turns(a, b))
            store(out + (2 * place + WIDTH) * 4, last_in_turns(a, b))
            place += WIDTH
        while place < half:
            store_first(out + place * 8, load_everywhere(one + place * 4))
            store_first(out + place * 8 + 4, load_everywhere(other + place * 4))
            place += 1
"""

_OUT_OF_PAIRS = """    for row in range(first * rows_per_item, min(last * rows_per_item, rows)):
        source = x + row * half * 8
        one = y + row * half * 8
        other = one + half * 4
        place = 0
        while place + WIDTH <= half:
            a = load(source + place * 8)
            b = load(source + (2 * place + WIDTH) * 4)
            store(one + place * 4, even_lanes(a, b))
            store(other + place * 4, odd_lanes(a, b))
            place += WIDTH
        while place < half:
            store_first(one + place * 4, load_everywhere(source + place * 8))
            store_first(other + place * 4, load_everywhere(source + place * 8 + 4))
            place += 1
"""

_BLOCK = 4096
"""Numbers of one work item of these, about."""


def _in_pairs(op: Transposition, batch: int, target: Target) -> list[Launch]:
    """Two halves of the channels in turns, or the way back: the shuffle of two groups."""
    if op.order != (0, 2, 1) or 2 not in op.extents[1:] or max(op.extents[1:]) < target.width:
        return []
    (x,), (y,) = op.inputs, op.outputs
    name, body = ("into_pairs", _INTO_PAIRS) if op.extents[1] == 2 else ("out_of_pairs", _OUT_OF_PAIRS)
    rows, half = batch * op.extents[0], max(op.extents[1:])
    rows_per_item = max(1, _BLOCK // (2 * half))
    given = named(
        x=x,
        y=y,
        rows=rows,
        half=half,
        rows_per_item=rows_per_item,
    )
    return [Launch(fixed_kernel(name, given, body), given.values, blocks(rows, rows_per_item), (y,))]


def emit_transposition(op: Transposition, batch: int, target: Target) -> list[Launch]:
    """One work item for each index of the first axis of the result, in each image."""
    paired = _in_pairs(op, batch, target)
    if paired:
        return paired
    (x,), (y,) = op.inputs, op.outputs
    strides = [1]
    for extent in reversed(op.extents[1:]):
        strides.insert(0, strides[0] * extent)
    extents = [op.extents[axis] for axis in op.order]
    steps = [strides[axis] for axis in op.order]
    # Axes of extent 1 before the others, so that all are there and the first has what is shared out.
    missing = MOST_AXES - len(extents)
    extents = [extents[0], *[1] * missing, *extents[1:]]
    steps = [steps[0], *[0] * missing, *steps[1:]]
    given = named(
        x=x,
        y=y,
        values=x.values,
        **{f"n{axis}": extent for axis, extent in enumerate(extents[1:], start=1)},
        **{f"s{axis}": step for axis, step in enumerate(steps)},
        slabs=extents[0],
    )
    return [Launch(fixed_kernel("transpose_axes", given, _KERNEL), given.values, batch * extents[0], (y,))]
