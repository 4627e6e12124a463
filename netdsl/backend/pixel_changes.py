"""What happens to the images of a training batch beyond scale and shift, and what NumPy makes of it.

This is the specification: compiled code gives the same bits. All numbers are 32-bit floats, and every
operation is rounded by itself, in the order written here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float32]


class Changes(NamedTuple):
    """What is done to each image of a batch, in the order of the fields; None for what is not done.

    ``numbers``: (rows,) int64, those of the images: first the batch's own, then, where ``shares`` are
    given, as many partners, with which these are mixed last. All other arrays have a row for each, float32
    and in C order, and mean what those of netdsl.augmentations.augmentation.Change do. ``border`` is an index
    into BORDERS there. ``levels``: (3,), what black borders show, and the limits of colours. ``grey``:
    (channels,). ``holes`` are int64, ``shares`` (batch,).
    """

    numbers: NDArray[np.int64]
    border: int
    levels: Floats
    grey: Floats
    maps: Floats | None = None
    lattice: Floats | None = None
    colours: Floats | None = None
    hues: Floats | None = None
    holes: NDArray[np.int64] | None = None
    shares: Floats | None = None

    @property
    def turns(self) -> int:
        """How many images make up one of the batch."""
        return 1 if self.shares is None else 2


def changed(pixels: Array, changes: Changes, scale: Floats, shift: Floats) -> Floats:
    """The rows of ``changes`` as the network sees them, not yet mixed: (rows, height, width, channels).

    ``pixels`` are theirs, of the same shape; ``scale`` and ``shift`` those of Images.
    """
    values = pixels.astype(np.float32)
    if changes.maps is not None or changes.lattice is not None:
        values = _moved(values, changes)
    if changes.colours is not None:
        for step in range(changes.colours.shape[1]):
            values = _recoloured(values, changes.colours[:, step], changes)
    if changes.hues is not None:
        values = _turned(values, changes.hues)
    values = values * scale + shift
    if changes.holes is not None:
        for row, holes in enumerate(changes.holes):
            for top, left, bottom, right in holes.tolist():
                values[row, top:bottom, left:right] = 0
    return values


def mixed(own: Floats, partners: Floats, shares: Floats) -> Floats:
    """Pairs of images or of targets, (batch, ...), with ``shares`` of the first."""
    share = shares.reshape(-1, *[1] * (own.ndim - 1))
    return own * share + partners * (np.float32(1) - share)


def _between(low: Array, high: Array, weight: Array) -> Array:
    return np.asarray(low * (np.float32(1) - weight) + high * weight)


def _split(position: Array) -> tuple[NDArray[np.int64], Array]:
    """The whole number before a position, and how far it is from there."""
    whole = np.floor(position)
    return whole.astype(np.int64), np.asarray(position - whole)


def _moved(pixels: Floats, changes: Changes) -> Floats:
    """Every pixel taken from where maps and lattice say, by bilinear interpolation."""
    rows, height, width, _ = pixels.shape
    x = np.broadcast_to(np.arange(width, dtype=np.float32), (rows, height, width))
    y = np.broadcast_to(np.arange(height, dtype=np.float32)[:, None], (rows, height, width))
    if changes.lattice is not None:
        field = interpolated(changes.lattice, height, width)
        x, y = x + field[..., 0], y + field[..., 1]
    if changes.maps is not None:
        a, b, c, d, e, f = (entry[:, None, None] for entry in changes.maps.reshape(rows, 6).T)
        x, y = (a * x + b * y) + c, (d * x + e * y) + f
    (left, right_weight), (top, lower_weight) = _split(x), _split(y)
    right_weight, lower_weight = right_weight[..., None], lower_weight[..., None]
    upper = _between(
        _pixels_at(pixels, top, left, changes), _pixels_at(pixels, top, left + 1, changes), right_weight
    )
    lower = _between(
        _pixels_at(pixels, top + 1, left, changes),
        _pixels_at(pixels, top + 1, left + 1, changes),
        right_weight,
    )
    return _between(upper, lower, lower_weight)


def interpolated(lattice: Floats, height: int, width: int) -> Floats:
    """The displacement of every pixel, (rows, height, width, 2)."""
    rows, columns = lattice.shape[1:3]
    (top, lower), (left, right) = node_steps(height, rows), node_steps(width, columns)
    lower, right = lower[:, None, None], right[:, None]
    upper_line, lower_line = lattice[:, top], lattice[:, top + 1]
    upper = _between(upper_line[:, :, left], upper_line[:, :, left + 1], right)
    return _between(upper, _between(lower_line[:, :, left], lower_line[:, :, left + 1], right), lower)


def node_steps(length: int, nodes: int) -> tuple[NDArray[np.int64], Floats]:
    """For each pixel of an axis the node before it, not the last one, and how far it is from there."""
    position = np.arange(length, dtype=np.float32) * node_step(length, nodes)
    first = np.minimum(np.floor(position).astype(np.int64), nodes - 2)
    return first, position - first.astype(np.float32)


def node_step(length: int, nodes: int) -> np.float32:
    """Nodes from one pixel of an axis to the next."""
    return np.float32((nodes - 1) / max(length - 1, 1))


def _pixels_at(pixels: Floats, y: NDArray[np.int64], x: NDArray[np.int64], changes: Changes) -> Floats:
    """The pixels at some coordinates, which may lie beyond the border."""
    rows, height, width, _ = pixels.shape
    row = np.arange(rows)[:, None, None]
    found = pixels[row, _inside(y, height, changes.border), _inside(x, width, changes.border)]
    if changes.border == 0:
        outside = (y < 0) | (y >= height) | (x < 0) | (x >= width)
        found[outside] = changes.levels[0]
    return found


def _inside(coordinate: NDArray[np.int64], length: int, border: int) -> NDArray[np.int64]:
    """The coordinate itself, or that of the pixel that is shown for it."""
    if border == 2 and length > 1:
        period = 2 * (length - 1)
        coordinate = coordinate % period
        return np.minimum(coordinate, period - coordinate)
    return np.clip(coordinate, 0, length - 1)


def _recoloured(pixels: Floats, step: Floats, changes: Changes) -> Floats:
    """One step of colours: ``step`` is (rows, channels, channels + 2)."""
    channels = pixels.shape[3]
    matrix, offset, pivot = step[..., :channels], step[..., channels], step[..., channels + 1]
    grey = pixels[..., 0] * changes.grey[0]
    for channel in range(1, channels):
        grey = grey + pixels[..., channel] * changes.grey[channel]
    # One after the other in double precision, as cumsum adds.
    totals = np.cumsum(grey.reshape(len(grey), -1), axis=1, dtype=np.float64)[:, -1:]
    mean = (totals / grey[0].size).astype(np.float32)
    offset = np.where(pivot != 0, offset + pivot * mean, offset)
    result = np.empty_like(pixels)
    for channel in range(channels):
        weights = matrix[:, channel, :, None, None]
        total = pixels[..., 0] * weights[:, 0]
        for other in range(1, channels):
            total = total + pixels[..., other] * weights[:, other]
        result[..., channel] = total + offset[:, channel, None, None]
    limited: Floats = np.minimum(np.maximum(result, changes.levels[1]), changes.levels[2])
    return limited


def _turned(pixels: Floats, hues: Floats) -> Floats:
    """The hue of HSV turned; the largest and the smallest channel of each pixel keep their values."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    largest, smallest = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    chroma = largest - smallest
    with np.errstate(all="ignore"):  # of grey, which stays
        of_green, of_blue = (blue - red) / chroma + np.float32(2), (red - green) / chroma + np.float32(4)
        sixth = np.where(
            largest == red, (green - blue) / chroma, np.where(largest == green, of_green, of_blue)
        )
    sixth = sixth + (hues * np.float32(6))[:, None, None]
    result = np.empty_like(pixels)
    for channel, start in enumerate((5, 3, 1)):
        sixths = sixth + np.float32(start)
        sixths = sixths - np.float32(6) * np.floor(sixths / np.float32(6))
        part = np.maximum(
            np.minimum(np.minimum(sixths, np.float32(4) - sixths), np.float32(1)), np.float32(0)
        )
        result[..., channel] = largest - chroma * part
    turned: Floats = np.where((chroma == 0)[..., None], pixels, result)
    return turned
