"""Scaling and colour conversion: any image becomes one of the network's input size.

The same code prepares the images that a network is trained on and those it predicts, so a picture
is never seen in two ways. Scaling is bilinear with antialiasing, the triangle filter widened by the
reduction, as Pillow's ``BILINEAR`` does it in its floating-point mode (a test compares the two); the
sums run in a fixed order on every machine, so data have the same bits everywhere.
"""

from __future__ import annotations

from functools import lru_cache
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.diagnostics import Diagnosed, file_error
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey: ITU-R BT.601, as in JPEG."""

_CHUNK_VALUES = 60_000
"""Output values worked on at a time, so that the temporary arrays stay in the processor's cache."""


@lru_cache(maxsize=64)
def taps(source: int, target: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Which source pixels make up each target pixel of one axis, and how much each counts.

    Both arrays are (target, taps); the weights of a row add up to 1.
    """
    ratio = source / target
    reach = max(ratio, 1.0)
    centre = (np.arange(target) + 0.5) * ratio
    first = np.maximum(np.floor(centre - reach + 0.5), 0).astype(np.intp)
    last = np.minimum(np.floor(centre + reach + 0.5), source).astype(np.intp)
    index = first[:, None] + np.arange((last - first).max())
    weight = np.maximum(1.0 - np.abs((index + 0.5 - centre[:, None]) / reach), 0.0)
    weight[index >= last[:, None]] = 0.0
    weight /= weight.sum(axis=1, keepdims=True)
    return np.minimum(index, source - 1), weight.astype(np.float32)


def _resample(pixels: NDArray[Any], axis: int, target: int) -> NDArray[Any]:
    """Scale one axis of (images, height, width, channels); float32 unless nothing changes."""
    if pixels.shape[axis] == target:
        return pixels
    index, weight = taps(pixels.shape[axis], target)
    shape = [1, 1, 1, 1]
    shape[axis] = target
    total: NDArray[Any] = np.multiply(
        np.take(pixels, index[:, 0], axis), weight[:, 0].reshape(shape), dtype=np.float32
    )
    for tap in range(1, index.shape[1]):
        total += np.take(pixels, index[:, tap], axis) * weight[:, tap].reshape(shape)
    return total


def _grey(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """(…, 3) of red, green and blue to (…, 1)."""
    red, green, blue = (pixels[..., channel] * np.float32(_LUMA[channel]) for channel in range(3))
    grey: NDArray[np.float32] = (red + green + blue)[..., None]
    return grey


def picture_of(volume: Volume) -> Volume | None:
    """The square picture, grey or in colour, that a row of so many numbers is; None where it is none."""
    for channels in (1, 3):
        side = isqrt(volume.values // channels)
        if side > 1 and side * side * channels == volume.values:
            return Volume(side, side, channels)
    return None


def _is_row(volume: Volume) -> bool:
    return volume.vector or (volume.height == 1 and volume.width == 1)


def check_convertible(name: str, image: Volume, volume: Volume) -> None:
    """Raise Diagnosed (ND508) where an image of this size cannot become the network's input."""
    if _is_row(volume):
        picture = picture_of(volume)
        if picture is not None and {image.channels, picture.channels} <= {1, 3}:
            return
        if image.values != volume.values:
            raise Diagnosed(
                file_error(
                    "ND508",
                    name,
                    f"the network takes {volume.values} numbers and an image of {image} has {image.values}",
                    f"give the network the image itself, `input {image}`; FC stretches it out by itself",
                )
            )
    elif image.channels != volume.channels and {image.channels, volume.channels} != {1, 3}:
        raise Diagnosed(
            file_error(
                "ND508",
                name,
                f"images have {image.channels} channels and the network takes {volume.channels}",
                "only grey (1) and colour (3) are converted into each other; "
                f"write `input {Volume(volume.height, volume.width, image.channels)}`",
            )
        )


def fit(pixels: NDArray[Any], volume: Volume) -> NDArray[Any]:
    """Images (images, h, w, c), uint8 or float32, as (images, *volume.shape) of the same type.

    The caller has asked ``check_convertible``. A row of numbers takes an image of as many as it is,
    and any other image as the square picture that the row can be. Images are stretched to the size,
    not cropped. uint8 is rounded to whole levels after scaling.
    """
    count, height, width, channels = pixels.shape
    if _is_row(volume):
        picture = picture_of(volume)
        if picture is not None and height * width * channels != volume.values:
            pixels = fit(pixels, picture)
        return pixels.reshape(count, *volume.shape)
    if (height, width, channels) == volume.shape:
        return pixels
    result = np.empty((count, *volume.shape), pixels.dtype)
    step = max(1, _CHUNK_VALUES // max(volume.values, height * volume.width * channels))
    for start in range(0, count, step):
        chunk = pixels[start : start + step]
        if channels == 3 and volume.channels == 1:
            chunk = _grey(chunk)
        chunk = _resample(_resample(chunk, 2, volume.width), 1, volume.height)
        if pixels.dtype == np.uint8 and chunk.dtype != np.uint8:
            chunk = np.clip(np.rint(chunk), 0, 255).astype(np.uint8)
        result[start : start + step] = chunk  # grey is repeated for each colour by broadcasting
    return result


def fitted_bytes(count: int, volume: Volume, item_bytes: int) -> int:
    """Bytes that ``count`` images of the network's input size take."""
    return count * volume.values * item_bytes
