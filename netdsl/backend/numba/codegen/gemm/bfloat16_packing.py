"""Numbers rounded to bfloat16, two to each 32 bits, as products of pairs want them."""

from __future__ import annotations

from netdsl.backend.numba.kernel import Kernel, Launch, Place, Scratch, blocks
from netdsl.primitives.convolution import Geometry
from netdsl.primitives.tensor import Tensor


def pairs_of_rows(x: Tensor, sets: int, rows: int, count: int) -> tuple[Tensor, Launch]:
    """``sets`` of ``rows`` x ``count`` numbers: two neighbouring rows of a set become one of pairs.

    A row that is left over is paired with zeros.
    """
    paired_rows = blocks(rows, 2)
    paired = Tensor(f"{x.name}.pairs", (sets, paired_rows, count), batched=False)
    arguments = (Place(x), Place(paired), paired_rows, rows, count)
    return paired, Launch(_PAIR_ROWS, arguments, sets * paired_rows, (paired,))


_PAIR_ROWS = Kernel(
    "pair_rows_of_sets",
    """def pair_rows_of_sets(arguments, first, last, worker):
    x = integer(arguments, 0)
    pairs = integer(arguments, 1)
    paired_rows = integer(arguments, 2)
    rows = integer(arguments, 3)
    count = integer(arguments, 4)
    for item in range(first, last):
        one = item // paired_rows
        row = (item - one * paired_rows) * 2
        source = x + (one * rows + row) * count * 4
        target = pairs + item * count * 4
        if row + 1 < rows:
            pair_lines(source, source + count * 4, target, count)
        else:
            pair_last_line(source, target, count)
""",
)


def pairs_along_rows(x: Tensor, rows: int, count: int) -> tuple[Tensor, Launch]:
    """``rows`` x ``count`` numbers: neighbours in a row become pairs, a last one with a zero."""
    words = blocks(count, 2)
    paired = Tensor(f"{x.name}.halves", (rows, words), batched=False)
    arguments = (Place(x), Place(paired), count, words)
    return paired, Launch(_HALVE_ROWS, arguments, rows, (paired,))


_HALVE_ROWS = Kernel(
    "halve_rows",
    """def halve_rows(arguments, first, last, worker):
    x = integer(arguments, 0)
    halves = integer(arguments, 1)
    count = integer(arguments, 2)
    words = integer(arguments, 3)
    for row in range(first, last):
        halve(x + row * count * 4, halves + row * words * 4, count)
        clear_halves(halves + row * words * 4 + count * 2, words * 2 - count)
""",
)


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
    arguments = (
        Place(x),
        Place(paired),
        height,
        width,
        channels,
        groups,
        depth,
        padding.top,
        padding.left,
        rows,
        columns,
        ahead,
        Scratch(),
        scratch,
    )
    return paired, Launch(_PAIR_POSITIONS, arguments, batch * groups * rows, (paired,), scratch)


_PAIR_POSITIONS = Kernel(
    "pair_positions",
    """def pair_positions(arguments, first, last, worker):
    x = integer(arguments, 0)
    pairs = integer(arguments, 1)
    height = integer(arguments, 2)
    width = integer(arguments, 3)
    channels = integer(arguments, 4)
    groups = integer(arguments, 5)
    depth = integer(arguments, 6)
    top = integer(arguments, 7)
    left = integer(arguments, 8)
    rows = integer(arguments, 9)
    columns = integer(arguments, 10)
    ahead = integer(arguments, 11)
    line = integer(arguments, 12) + worker * integer(arguments, 13) * 4
    clear(line + columns * depth * 4, ahead)
    for item in range(first, last):
        image = item // (groups * rows)
        rest = item - image * groups * rows
        group = rest // rows
        row = rest - group * rows
        source = x + (image * height * width * channels + group * depth) * 4
        copy_band(source, line, height, width, channels, depth, row - top, left, 1, columns)
        pair_lines(line, line + ahead * 4, pairs + item * columns * depth * 4, columns * depth)
""",
)
