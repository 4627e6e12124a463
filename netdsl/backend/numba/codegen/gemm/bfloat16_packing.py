"""Numbers rounded to bfloat16, two to each 32 bits, as products of pairs want them."""

from __future__ import annotations

from netdsl.backend.numba.kernel import (
    Launch,
    PerWorker,
    blocks,
    fixed_kernel,
    named,
)
from netdsl.primitives.convolution import Geometry
from netdsl.primitives.tensor import Tensor


def pairs_of_rows(x: Tensor, sets: int, rows: int, count: int) -> tuple[Tensor, Launch]:
    """``sets`` of ``rows`` x ``count`` numbers: two neighbouring rows of a set become one of pairs.

    A row that is left over is paired with zeros.
    """
    paired_rows = blocks(rows, 2)
    paired = Tensor(f"{x.name}.pairs", (sets, paired_rows, count), batched=False)
    given = named(
        x=x,
        pairs=paired,
        paired_rows=paired_rows,
        rows=rows,
        count=count,
    )
    return paired, Launch(
        fixed_kernel("pair_rows_of_sets", given, _PAIR_ROWS), given.values, sets * paired_rows, (paired,)
    )


_PAIR_ROWS = """    for item in range(first, last):
        one = item // paired_rows
        row = (item - one * paired_rows) * 2
        source = x + (one * rows + row) * count * 4
        target = pairs + item * count * 4
        if row + 1 < rows:
            pair_lines(source, source + count * 4, target, count)
        else:
            pair_last_line(source, target, count)
"""


def pairs_along_rows(x: Tensor, rows: int, count: int) -> tuple[Tensor, Launch]:
    """``rows`` x ``count`` numbers: neighbours in a row become pairs, a last one with a zero."""
    words = blocks(count, 2)
    paired = Tensor(f"{x.name}.halves", (rows, words), batched=False)
    given = named(
        x=x,
        halves=paired,
        count=count,
        words=words,
    )
    return paired, Launch(fixed_kernel("halve_rows", given, _HALVE_ROWS), given.values, rows, (paired,))


_HALVE_ROWS = """    for row in range(first, last):
        halve(x + row * count * 4, halves + row * words * 4, count)
        clear_halves(halves + row * words * 4 + count * 2, words * 2 - count)
"""


def pairs_of_positions(
    x: Tensor, geometry: Geometry, rows: int, columns: int, batch: int
) -> tuple[Tensor, Launch]:
    """Images with their border, ``rows`` x ``columns`` positions, one after the other by group.

    Each number is paired with the one a stride further along its row, and the last of a row with zero.
    """
    height, width, channels = x.shape
    stride, padding, groups = geometry[:3]
    depth = channels // groups
    paired = Tensor(f"{x.name}.positions", (groups, rows, columns * depth), batched=True)
    ahead = stride.width * depth
    scratch = columns * depth + ahead
    given = named(
        x=x,
        pairs=paired,
        height=height,
        width=width,
        channels=channels,
        groups=groups,
        depth=depth,
        top=padding.top,
        left=padding.left,
        rows=rows,
        columns=columns,
        ahead=ahead,
        line=PerWorker(scratch),
    )
    return paired, Launch(
        fixed_kernel("pair_positions", given, _PAIR_POSITIONS),
        given.values,
        batch * groups * rows,
        (paired,),
        scratch,
    )


_PAIR_POSITIONS = """    clear(line + columns * depth * 4, ahead)
    for item in range(first, last):
        image = item // (groups * rows)
        rest = item - image * groups * rows
        group = rest // rows
        row = rest - group * rows
        source = x + (image * height * width * channels + group * depth) * 4
        copy_band(source, line, height, width, channels, depth, row - top, left, 1, columns)
        pair_lines(line, line + ahead * 4, pairs + item * columns * depth * 4, columns * depth)
"""
