"""Transpositions: rows of the result gathered from where they lie."""

from __future__ import annotations

from netdsl.backend.numba.kernel import Argument, Kernel, Launch, Place
from netdsl.primitives.transposition import MOST_AXES, Transposition

_KERNEL = Kernel(
    "transpose_axes",
    """def transpose_axes(arguments, first, last, worker):
    x = integer(arguments, 0)
    y = integer(arguments, 1)
    values = integer(arguments, 2)
    n1 = integer(arguments, 3)
    n2 = integer(arguments, 4)
    n3 = integer(arguments, 5)
    n4 = integer(arguments, 6)
    s0 = integer(arguments, 7)
    s1 = integer(arguments, 8)
    s2 = integer(arguments, 9)
    s3 = integer(arguments, 10)
    s4 = integer(arguments, 11)
    slabs = integer(arguments, 12)
    slab = n1 * n2 * n3 * n4
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
""",
)


def emit_transposition(op: Transposition, batch: int) -> list[Launch]:
    """One work item for each place of the first axis of the result, in each image."""
    (x,), (y,) = op.inputs, op.outputs
    strides = [1]
    for extent in reversed(op.extents[1:]):
        strides.insert(0, strides[0] * extent)
    extents = [op.extents[axis] for axis in op.order]
    steps = [strides[axis] for axis in op.order]
    # Axes of one place before the others, so that all are there and the first has what is shared out.
    missing = MOST_AXES - len(extents)
    extents = [extents[0], *[1] * missing, *extents[1:]]
    steps = [steps[0], *[0] * missing, *steps[1:]]
    arguments: tuple[Argument, ...] = (Place(x), Place(y), x.values, *extents[1:], *steps, extents[0])
    return [Launch(_KERNEL, arguments, batch * extents[0], (y,))]
