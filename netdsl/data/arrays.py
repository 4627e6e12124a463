"""From arrays as files hold them to a data set: orders of axes, types, own test parts."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from netdsl.data.dataset import Dataset, empty_data, label_indices
from netdsl.data.memory import require_memory
from netdsl.data.scaling import check_convertible, fit, fitted_bytes
from netdsl.diagnostics import Diagnosed, file_error
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_COARSE = 64
"""Whole numbers up to here (0/1 masks, 0..16 inks) would lose levels if scaled as bytes."""


class RawPart(NamedTuple):
    """Images and labels as a file holds them, before any conversion.

    ``images`` has the images along its first axis; ``labels`` is (images,); ``part`` is TRAIN,
    VALIDATION or TEST.
    """

    images: NDArray[Any]
    labels: NDArray[Any]
    part: int


def assemble(name: str, raw: Sequence[RawPart], volume: Volume) -> Dataset:
    """One data set from the parts of a file, scaled to ``volume``.

    Raises Diagnosed: ND502 no images, ND503 one class, ND508 images that cannot become the input,
    ND509 labels unlike the images, ND510 values that are not finite, ND511 too large for memory.
    """
    for part in raw:
        _check_counts(name, part)
    labels, classes = label_indices(name, np.concatenate([part.labels for part in raw]))
    images = _common_type([_channels_last(name, part.images, volume) for part in raw], name)
    count = len(labels)
    needed = fitted_bytes(count, volume, images[0].itemsize)
    require_memory(needed, name, f"{count:,} images of {volume}", "use fewer images or a smaller input")
    fitted = [fit(array, volume) for array in images]
    return Dataset(
        name,
        np.concatenate(fitted) if len(fitted) > 1 else np.ascontiguousarray(fitted[0]),
        labels,
        classes,
        np.concatenate([np.full(len(part.labels), part.part, np.uint8) for part in raw]),
    )


def _check_counts(name: str, part: RawPart) -> None:
    if part.images.ndim == 0:
        raise _no_images(name, part.images)
    if part.labels.ndim != 1:
        one_hot = part.labels.ndim == 2 and part.labels.shape[1] > 1
        raise Diagnosed(
            file_error(
                "ND509",
                name,
                f"labels must be one number per image; these are an array of shape {part.labels.shape}",
                *(("store `labels.argmax(axis=1)`: the number of the class",) if one_hot else ()),
            )
        )
    if len(part.labels) != len(part.images):
        raise Diagnosed(
            file_error(
                "ND509",
                name,
                f"{len(part.images):,} images but {len(part.labels):,} labels",
                "every image needs exactly one label, in the same order",
            )
        )
    if not len(part.labels):
        raise empty_data(name, "the file holds no images")


def _channels_last(name: str, array: NDArray[Any], volume: Volume) -> NDArray[Any]:
    """Any usual order of axes as (images, height, width, channels)."""
    count, shape = len(array), array.shape[1:]
    if len(shape) == 3 and shape[2] not in (1, 3, volume.channels) and shape[0] in (1, 3):
        array = array.transpose(0, 2, 3, 1)  # channels first, as PyTorch has them
    elif len(shape) == 2:
        array = array[..., None]
    elif len(shape) == 1:
        array = array.reshape(count, *_unrolled(name, shape[0], volume))
    elif len(shape) != 3:
        raise _no_images(name, array)
    if 0 in array.shape:
        raise empty_data(name, f"the images have no pixels (shape {array.shape})")
    check_convertible(name, Volume(*array.shape[1:]), volume)
    return array


def _no_images(name: str, array: NDArray[Any]) -> Diagnosed:
    return Diagnosed(
        file_error(
            "ND508",
            name,
            f"an array of shape {array.shape} holds no images",
            "images are (count, height, width), (count, height, width, channels) or (count, values)",
        )
    )


def _unrolled(name: str, values: int, volume: Volume) -> tuple[int, int, int]:
    """The shape of an image that is stored as one row of numbers."""
    if values == volume.values:
        return volume.shape
    side = isqrt(values)
    if side * side == values:
        return (side, side, 1)
    raise Diagnosed(
        file_error(
            "ND508",
            name,
            f"rows of {values} numbers are neither the network's input of {volume} = {volume.values} "
            "nor a square grey image",
            "store the images as (count, height, width, channels)",
        )
    )


def _common_type(arrays: list[NDArray[Any]], name: str) -> list[NDArray[Any]]:
    """All parts as uint8 where every value is a level of 0..255, else all as finite float32."""
    if all(array.dtype == np.bool_ for array in arrays):
        return [array.astype(np.uint8) * np.uint8(255) for array in arrays]
    if all(array.dtype.kind in "iu" for array in arrays):
        lowest = min(int(array.min()) for array in arrays)
        highest = max(int(array.max()) for array in arrays)
        if lowest >= 0 and _COARSE < highest <= 255:
            return [array.astype(np.uint8, copy=False) for array in arrays]
    if any(array.dtype.kind not in "biuf" for array in arrays):
        raise Diagnosed(
            file_error(
                "ND508",
                name,
                f"pixels of type {arrays[0].dtype} are no numbers",
                "store uint8 or float32 pixels",
            )
        )
    with np.errstate(over="ignore", invalid="ignore"):
        converted = [array.astype(np.float32, copy=False) for array in arrays]
    for array in converted:
        finite = np.isfinite(array)
        if not finite.all():
            bad = int(np.argmin(finite.reshape(len(array), -1).all(axis=1)))
            raise Diagnosed(
                file_error(
                    "ND510",
                    name,
                    f"image {bad} holds a value that is not a finite number (NaN or infinity)",
                    "remove or repair such images; one of them would spoil every weight",
                )
            )
    return converted
