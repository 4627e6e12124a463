"""Reading what a file's header has declared, compressed or not, where the header is not to be trusted."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGEST_RATIO = 1032
"""Deflate cannot shrink by more than this factor, so a larger claim is a lie."""

_READ_BYTES = 1 << 22


def read_into(stream: IO[bytes], content: NDArray[np.uint8]) -> int:
    """Fill ``content`` from a stream, piece by piece; gives how many bytes there were, at most its size."""
    view, position = content.data, 0
    while position < len(view):
        piece = stream.read(min(len(view) - position, _READ_BYTES))
        if not piece:
            break
        view[position : position + len(piece)] = piece
        position += len(piece)
    return position
