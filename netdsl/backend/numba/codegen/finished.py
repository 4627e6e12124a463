"""Where a kernel has finished rows of its result, so that a formula may be computed there."""

from __future__ import annotations

MARK = "#: finished "


def finished(start: str, rows: str, first: str, last: str, *around: str) -> str:
    """A line of a kernel behind which numbers ``first`` to ``last`` of some rows of its result are final.

    ``start`` is the place of the first row's number 0, ``around`` are lines of loops and conditions
    that the formula is to stand in. As long as none is put there, the line is a comment.
    """
    return MARK + " | ".join((start, rows, first, last, *around))
