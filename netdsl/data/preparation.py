"""From pixels to the network's input: the range of the data, and its normalisation per channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHUNK_VALUES = 1 << 22


class Preparation(NamedTuple):
    """What is done to the pixels of every image before the network sees it.

    ``black`` and ``white`` are the values that stand for a picture's levels 0 and 255, None where
    the data have a range that no picture has. ``mean`` and ``deviation`` are those of the training
    images, one number per channel: input = (pixel - mean)/deviation.
    """

    black: float | None
    white: float | None
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def scale_and_shift(self, shape: tuple[int, ...]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Arrays of ``shape`` (height, width, channels) with input = pixel * scale + shift."""
        scale = 1.0 / np.array(self.deviation)
        shift = -np.array(self.mean) * scale
        return (
            np.ascontiguousarray(np.broadcast_to(scale.astype(np.float32), shape)),
            np.ascontiguousarray(np.broadcast_to(shift.astype(np.float32), shape)),
        )

    def picture(self, levels: NDArray[np.uint8]) -> NDArray[Any] | None:
        """A picture's levels in the range of the data; None where they have no such range."""
        if self.black is None or self.white is None:
            return None
        if (self.black, self.white) == (0.0, 255.0):
            return levels
        return levels.astype(np.float32) * np.float32((self.white - self.black) / 255) + np.float32(
            self.black
        )


def measure(pixels: NDArray[Any], chosen: NDArray[np.int64]) -> Preparation:
    """The preparation that fits the chosen images, which are those of the training part only.

    ``pixels``: (images, height, width, channels), uint8 or float32. A channel that never varies has
    deviation 1.
    """
    channels = pixels.shape[3]
    total, squares = np.zeros(channels), np.zeros(channels)
    lowest, highest = np.inf, -np.inf
    step = max(1, _CHUNK_VALUES // max(pixels[0].size, 1))
    for start in range(0, len(chosen), step):
        chunk = pixels[chosen[start : start + step]]
        lowest, highest = min(lowest, float(chunk.min())), max(highest, float(chunk.max()))
        # One column at a time in float64: sums of whole levels are exact.
        columns = chunk.reshape(-1, channels)
        for channel in range(channels):
            column = columns[:, channel].astype(np.float64)
            total[channel] += column.sum()
            squares[channel] += np.square(column, out=column).sum()
    count = len(chosen) * pixels.shape[1] * pixels.shape[2]
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean * mean, 0.0))
    deviation[deviation < 1e-12 * np.maximum(np.abs(mean), 1.0)] = 1.0
    black, white = _range(pixels.dtype, lowest, highest)
    return Preparation(black, white, tuple(mean.tolist()), tuple(deviation.tolist()))


def _range(dtype: np.dtype[Any], lowest: float, highest: float) -> tuple[float | None, float | None]:
    """Which values stand for black and white: bytes are levels, other data reveal it by their range."""
    if dtype == np.uint8:
        return 0.0, 255.0
    if lowest < 0:
        return (-1.0, 1.0) if lowest >= -1 and highest <= 1 else (None, None)
    if highest <= 1:
        return 0.0, 1.0
    return 0.0, 255.0 if 128 < highest <= 255 else highest


_COMMON_RANGES = ((0.0, 255.0), (0.0, 1.0), (-1.0, 1.0))


def in_range(pixels: NDArray[Any], preparation: Preparation) -> NDArray[Any]:
    """Pixels of other data in the range of those that ``preparation`` was measured on.

    Only between the ranges in common use (0..255, 0..1, -1..1); anything else stays as it is.
    """
    own = _range(pixels.dtype, float(pixels.min()), float(pixels.max()))
    wanted = (preparation.black, preparation.white)
    if own == wanted or own not in _COMMON_RANGES or wanted not in _COMMON_RANGES:
        return pixels
    ratio = (wanted[1] - wanted[0]) / (own[1] - own[0])
    return (pixels.astype(np.float32) - np.float32(own[0])) * np.float32(ratio) + np.float32(wanted[0])
