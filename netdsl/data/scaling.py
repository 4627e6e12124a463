"""Scaling and colour conversion: any image becomes one of the network's input size.

The same code prepares the images that a network is trained on and those it predicts, so a picture
is never seen in two ways. Scaling is bilinear with antialiasing, the triangle filter widened by the
reduction, as Pillow's ``BILINEAR`` does it in its floating-point mode (a test compares the two); the
sums run in a fixed order on every machine, so data have the same bits everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
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


_BAND_VALUES = 1 << 20
"""Source values of one large image that are worked on at a time."""

_LONGEST_SIDE = (1 << 16) - 1
"""Pixels of a side that is scaled, as in JPEG: how many weights there are follows from it."""

_SPARE_VALUES = 1 << 24
"""What may be between the two axes of scaling beyond the sizes of the image and of the input."""


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
    """The square image, grey or in colour, that a row of so many numbers is; None where it is none."""
    for channels in (1, 3):
        side = isqrt(volume.values // channels)
        if side > 1 and side * side * channels == volume.values:
            return Volume(side, side, channels)
    return None


def is_row(volume: Volume) -> bool:
    """Whether a network takes rows of numbers, not images."""
    return volume.vector or (volume.height == 1 and volume.width == 1)


def check_convertible(name: str, image: Volume, volume: Volume) -> None:
    """Raise Diagnosed (ND508) where an image of this size cannot become the network's input."""
    if is_row(volume):
        picture = picture_of(volume)
        if image.values == volume.values:
            return
        if picture is None or not {image.channels, picture.channels} <= {1, 3}:
            raise Diagnosed(
                file_error(
                    "ND508",
                    name,
                    f"the network takes {volume.values} numbers and an image of {image} has {image.values}",
                    f"give the network the image itself, `input {image}`; FC flattens it",
                )
            )
        volume = picture
    elif image.channels != volume.channels and {image.channels, volume.channels} != {1, 3}:
        raise Diagnosed(
            file_error(
                "ND508",
                name,
                f"images have {image.channels} channels and the network takes {volume.channels}",
                "only grey (1) and colour (3) can be converted into each other; write `input "
                "{Volume(volume.height, volume.width, image.channels)}`",
            )
        )
    _check_proportions(name, image, volume)


def _check_proportions(name: str, image: Volume, volume: Volume) -> None:
    """Refuse what takes far more memory on the way than the image and the input have values."""
    scaled = [
        source
        for source, target in ((image.height, volume.height), (image.width, volume.width))
        if source != target
    ]
    between = image.height * volume.width * min(image.channels, volume.channels)
    if max(scaled, default=0) > _LONGEST_SIDE or (
        scaled and between > 4 * (image.values + volume.values) + _SPARE_VALUES
    ):
        raise _too_thin(name, image, volume)


def check_sides(name: str, height: int, width: int, volume: Volume) -> None:
    """As ``check_convertible`` before a picture is decoded, when its channels are not known: raise
    Diagnosed (ND508) where a side is too long to be scaled."""
    image = Volume(height, width, 1)
    as_it_is = volume.values in (image.values, 3 * image.values)
    if max(height, width) > _LONGEST_SIDE and not as_it_is:
        raise _too_thin(name, image, volume)


def _too_thin(name: str, image: Volume, volume: Volume) -> Diagnosed:
    return Diagnosed(
        file_error(
            "ND508",
            name,
            f"an image of {image.height}x{image.width} is too long and thin to be scaled to {volume}",
            f"cut it into pieces; sides of more than {_LONGEST_SIDE:,} pixels are not scaled",
        )
    )


def fit(pixels: NDArray[Any], volume: Volume) -> NDArray[Any]:
    """Images (images, h, w, c), uint8 or float32, as (images, *volume.shape) of the same type.

    The caller has asked ``check_convertible``. A row of numbers takes an image of as many as it is,
    and any other image as the square image that the row can be. Images are stretched to the size,
    not cropped. uint8 is rounded to whole levels after scaling.
    """
    count, height, width, channels = pixels.shape
    if is_row(volume):
        picture = picture_of(volume)
        if picture is not None and height * width * channels != volume.values:
            pixels = fit(pixels, picture)
        return pixels.reshape(count, *volume.shape)
    if (height, width, channels) == volume.shape:
        return pixels
    result = np.empty((count, *volume.shape), pixels.dtype)
    chunk_images = max(1, _CHUNK_VALUES // max(volume.values, height * volume.width * channels))
    for start in range(0, count, chunk_images):
        chunk = pixels[start : start + chunk_images]
        result[start : start + chunk_images] = _stretched(
            lambda first, last, chunk=chunk: chunk[:, first:last],  # type: ignore[misc]
            chunk.shape,
            pixels.dtype,
            volume,
        )
    return result


def fit_rows(
    rows: Callable[[int, int], NDArray[Any]], image: Volume, dtype: np.dtype[Any], volume: Volume
) -> NDArray[Any]:
    """As ``fit`` for one image that comes in bands: ``rows(first, last)`` is (rows, width, channels)
    of ``dtype``. No more of it than a band is in memory at a time. The result is ``volume.shape``."""
    target = volume
    if is_row(volume):
        picture = picture_of(volume)
        target = image if picture is None or image.values == volume.values else picture
    stretched = _stretched(lambda first, last: rows(first, last)[None], (1, *image.shape), dtype, target)
    if stretched.shape[3] != target.channels:
        stretched = np.broadcast_to(stretched, (1, *target.shape))
    return stretched.reshape(volume.shape)


def _stretched(
    rows: Callable[[int, int], NDArray[Any]], shape: tuple[int, ...], dtype: np.dtype[Any], volume: Volume
) -> NDArray[Any]:
    """Images of ``shape`` (images, h, w, c) at the size of ``volume``, and in grey where that is grey.

    ``rows(first, last)`` gives these rows of all of them. Grey for a volume in colour stays grey: it
    is repeated for each colour by broadcasting.
    """
    count, height, width, channels = shape
    grey = channels == 3 and volume.channels == 1
    band = max(1, _BAND_VALUES // max(count * width * channels, 1))

    def narrowed(first: int, last: int) -> NDArray[Any]:
        piece = rows(first, last)
        return _resample(_grey(piece) if grey else piece, 2, volume.width)

    if band >= height:
        middle = narrowed(0, height)
    else:
        changed = grey or width != volume.width
        middle = np.empty(
            (count, height, volume.width, 1 if grey else channels), np.float32 if changed else dtype
        )
        for first in range(0, height, band):
            middle[:, first : first + band] = narrowed(first, min(first + band, height))
    result = _resample(middle, 1, volume.height)
    if dtype == np.uint8 and result.dtype != np.uint8:
        result = np.clip(np.rint(result), 0, 255).astype(np.uint8)
    return result


def scaling_bytes(image: Volume, volume: Volume) -> int:
    """The most bytes that scaling one image takes for a while, beside the image and the result."""
    if is_row(volume):
        volume = picture_of(volume) or image
    if (image.height, image.width) == (volume.height, volume.width):
        return 0
    channels = min(image.channels, volume.channels)
    between = min(image.height * volume.width * channels, 4 * (image.values + volume.values) + _SPARE_VALUES)
    return 4 * (between + 3 * volume.height * volume.width * channels)


def fitted_bytes(count: int, volume: Volume, item_bytes: int) -> int:
    """Bytes that ``count`` images of the network's input size take."""
    return count * volume.values * item_bytes
