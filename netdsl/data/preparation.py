"""From pixels to the network's input: the range of the data, and its normalisation per channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.quantities import Volume

_CHUNK_VALUES = 1 << 22


class Preparation(NamedTuple):
    """What is done to the pixels of every image before the network sees it.

    ``black`` and ``white`` are the values that stand for a picture's levels 0 and 255, None where
    the data have a range that no picture has. ``mean`` and ``deviation`` are those of the training
    images, one number per channel: input = (pixel - mean)/deviation. ``planes``: whether a network that
    takes rows of numbers learned from rows in which the colours stand one after the other.
    """

    black: float | None
    white: float | None
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    planes: bool = False

    def scale_and_shift(self, shape: tuple[int, ...]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Arrays of ``shape`` (height, width, channels) with input = pixel * scale + shift."""
        with np.errstate(all="ignore"):  # of a checkpoint from a stranger; who asks for results looks at them
            scale = 1.0 / np.array(self.deviation)
            shift = (-np.array(self.mean) * scale).astype(np.float32)
            scale = scale.astype(np.float32)
        return (
            np.ascontiguousarray(np.broadcast_to(scale, shape)),
            np.ascontiguousarray(np.broadcast_to(shift, shape)),
        )

    @property
    def deep(self) -> bool:
        """Whether the data have more levels than a byte, so that those of pictures are not rounded."""
        return self.white is not None and self.white > 255

    def picture(self, levels: NDArray[Any], white: float = 255) -> NDArray[Any] | None:
        """A picture's levels, 0 to ``white``, in the range of the data; None where they have no such range.

        Levels of 16 bits are the same numbers for a network that was trained on numbers of 16 bits.
        """
        if self.black is None or self.white is None:
            return None
        if (self.black, self.white) == (0.0, float(white)) or (self.deep and white > 255):
            return levels
        ratio = np.float32((self.white - self.black) / white)
        if self.black == 0:
            return levels.astype(np.float32) * ratio
        return levels.astype(np.float32) * ratio + np.float32(self.black)


def measure(pixels: NDArray[Any], chosen: NDArray[np.int64], white: float | None = None) -> Preparation:
    """The preparation that fits the chosen images, which are those of the training part only.

    ``pixels``: (images, height, width, channels), uint8 or float32; ``white`` is that of Dataset. A
    channel that never varies has deviation 1.
    """
    channels = pixels.shape[3]
    total, squares = np.zeros(channels), np.zeros(channels)
    lowest, highest = np.inf, -np.inf
    chunk_images = max(1, _CHUNK_VALUES // max(pixels[0].size, 1))
    for start in range(0, len(chosen), chunk_images):
        chunk = pixels[chosen[start : start + chunk_images]]
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
    ends = _range(pixels.dtype, lowest, highest) if white is None else (0.0, white)
    return Preparation(*ends, tuple(mean.tolist()), tuple(deviation.tolist()))


def _range(dtype: np.dtype[Any], lowest: float, highest: float) -> tuple[float | None, float | None]:
    """Which values stand for black and white: bytes are levels, other data reveal it by their range."""
    if dtype == np.uint8:
        return 0.0, 255.0
    if lowest < 0:
        return (-1.0, 1.0) if lowest >= -1 and highest <= 1 else (None, None)
    if highest <= 1:
        return 0.0, 1.0
    return 0.0, 255.0 if 128 < highest <= 255 else highest


_COMMON_RANGES = ((0.0, 255.0), (0.0, 1.0), (-1.0, 1.0), (0.0, 65535.0))


def in_range(pixels: NDArray[Any], preparation: Preparation, white: float | None = None) -> NDArray[Any]:
    """Pixels of other data, with ``white`` as in Dataset, in the range of those that ``preparation`` was
    measured on.

    Only between the ranges in common use (0..255, 0..1, -1..1, 0..65535); anything else stays as it is.
    """
    lowest, highest = float(pixels.min()), float(pixels.max())
    own = _range(pixels.dtype, lowest, highest) if white is None else (0.0, white)
    wanted = (preparation.black, preparation.white)
    if own == wanted or own not in _COMMON_RANGES or wanted not in _COMMON_RANGES:
        return pixels
    ratio = (wanted[1] - wanted[0]) / (own[1] - own[0])
    return (pixels.astype(np.float32) - np.float32(own[0])) * np.float32(ratio) + np.float32(wanted[0])


def planes_of(pixels: NDArray[Any], picture: Volume) -> NDArray[Any]:
    """Rows of numbers that are pictures pixel by pixel, (..., values), plane by plane."""
    shaped = pixels.reshape(-1, *picture.shape).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(shaped).reshape(pixels.shape)


def pixels_of(pixels: NDArray[Any], picture: Volume) -> NDArray[Any]:
    """The reverse of ``planes_of``."""
    height, width, channels = picture.shape
    shaped = pixels.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(shaped).reshape(pixels.shape)
