"""From arrays as files hold them to a data set: types, one size, own test parts."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from netdsl.data.available_memory import require_memory
from netdsl.data.axes import Oriented, oriented
from netdsl.data.class_labels import Labels, merged
from netdsl.data.dataset import Dataset, empty_data
from netdsl.data.scaling import check_convertible, fit, fit_rows, fitted_bytes, scaling_bytes
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_COARSE = 64
"""Whole numbers up to here (0/1 masks, 0..16 inks) would lose levels if scaled as bytes."""

_CHUNK_VALUES = 1 << 20
"""Values that are converted at a time."""

_EXACT = 2**24
"""Up to here all whole numbers are 32-bit floats."""

_LABEL_BYTES = 40
"""What an image takes beside its pixels: its label, its part, and their order while they are sorted."""


class RawPart(NamedTuple):
    """Images and labels as a file holds them, before any conversion.

    ``images`` has the images along its first axis; ``part`` is TRAIN, VALIDATION or TEST.
    """

    images: NDArray[Any]
    labels: Labels
    part: int


def assemble(
    name: str,
    raw: Sequence[RawPart],
    volume: Volume,
    *,
    reading: tuple[str, ...] = (),
    findings: tuple[Diagnostic, ...] = (),
) -> Dataset:
    """One data set from the parts of a file, scaled to ``volume``.

    Beside the parts and the result, no more than a chunk is in memory at a time. ``reading`` and
    ``findings`` are those of Dataset. Raises Diagnosed: ND502 no images, ND503 one class, ND508
    images that cannot become the input, ND509 labels unlike the images, ND510 values that are not
    finite, ND511 too large for memory, ND632 numbers that would be rounded.
    """
    for part in raw:
        _check_counts(name, part)
    labels, classes = merged(name, [part.labels for part in raw])
    images = [oriented(name, part.images, volume) for part in raw]
    for image in images:
        check_convertible(name, Volume(*image.array.shape[1:]), volume)
    pixels = _pixels(name, [image.array for image in images], volume)
    return Dataset(
        name,
        pixels,
        labels,
        classes,
        np.concatenate([np.full(len(part.images), part.part, np.uint8) for part in raw]),
        planes=_planes(name, images),
        reading=tuple(dict.fromkeys([*reading, *(image.reading for image in images if image.reading)])),
        findings=findings,
    )


def _planes(name: str, images: Sequence[Oriented]) -> bool:
    """Whether rows are kept plane by plane, which must be the same for all parts."""
    planes = {image.planes for image in images}
    if len(planes) > 1:
        raise Diagnosed(
            file_error(
                "ND508",
                name,
                "one part of the data holds rows of numbers and another one images",
                "store both as (count, height, width, channels)",
            )
        )
    return planes.pop()


def _check_counts(name: str, part: RawPart) -> None:
    labels = len(part.labels.indices)
    if part.images.ndim and labels != len(part.images):
        raise Diagnosed(
            file_error(
                "ND509",
                name,
                f"{len(part.images):,} images but {labels:,} labels",
                "every image needs exactly one label, in the same order",
            )
        )
    if not labels:
        raise empty_data(name, "the file holds no images")


def _pixels(name: str, arrays: list[NDArray[Any]], volume: Volume) -> NDArray[Any]:
    """All images, (images, *volume.shape), as uint8 or finite float32."""
    dtype = _common_type(arrays, name)
    count = sum(map(len, arrays))
    _check_spreads(name, arrays)
    only = arrays[0] if len(arrays) == 1 else None
    if (
        only is not None
        and only.dtype == dtype
        and only.shape[1:] == volume.shape
        and only.flags.c_contiguous
    ):
        if dtype != np.uint8:
            _check_finite(name, only)
        return only
    image = Volume(*arrays[0].shape[1:])
    needed = fitted_bytes(count, volume, dtype.itemsize) + count * _LABEL_BYTES
    needed += 16 * _CHUNK_VALUES + scaling_bytes(image, volume)
    require_memory(needed, name, f"{count:,} images of {volume}", "use fewer images or a smaller input")
    pixels = np.empty((count, *volume.shape), dtype)
    done = 0
    for array in arrays:
        _fill(name, array, pixels[done : done + len(array)], volume)
        done += len(array)
    return pixels


def _fill(name: str, array: NDArray[Any], result: NDArray[Any], volume: Volume) -> None:
    """Convert and scale images into ``result``, a chunk at a time."""
    image = Volume(*array.shape[1:])
    if image.values > _CHUNK_VALUES:
        for number in range(len(array)):
            result[number] = fit_rows(
                lambda first, last, number=number: _converted(  # type: ignore[misc]
                    name, array[number, first:last], result.dtype, number
                ),
                image,
                result.dtype,
                volume,
            )
        return
    chunk_images = _CHUNK_VALUES // max(image.values, 1)
    for start in range(0, len(array), chunk_images):
        chunk = _converted(name, array[start : start + chunk_images], result.dtype, start)
        result[start : start + chunk_images] = fit(chunk, volume)


def _converted(name: str, values: NDArray[Any], dtype: np.dtype[Any], first: int) -> NDArray[Any]:
    """Values as ``dtype``; ``first`` is the number of their first image."""
    if values.dtype == np.bool_ and dtype == np.uint8:
        return values.astype(np.uint8) * np.uint8(255)
    with np.errstate(over="ignore", invalid="ignore"):
        converted = values.astype(dtype, copy=False)
        whole = values.dtype.kind in "iu" and values.dtype.itemsize > 2 and dtype != np.uint8
        if whole and (converted.astype(values.dtype) != values).any():
            raise rounded(name, f"whole numbers above {_EXACT:,}")
    if dtype != np.uint8:
        _check_finite(name, converted if converted.ndim == 4 else converted[None], first)
    return converted


def rounded(name: str, what: str) -> Diagnosed:
    """The finding for numbers that 32-bit floats cannot tell apart."""
    return Diagnosed(
        file_error(
            "ND632",
            name,
            f"the images hold {what}, but networks compute with 32-bit floats, which round them",
            "subtract a common offset, such as images.min(), or divide, before storing them",
        )
    )


def _check_spreads(name: str, arrays: list[NDArray[Any]]) -> None:
    if any(array.dtype.kind == "f" and array.dtype.itemsize > 4 for array in arrays):
        lowest = min(float(array.min()) for array in arrays)
        check_spread(name, lowest, max(float(array.max()) for array in arrays))


def check_spread(name: str, lowest: float, highest: float) -> None:
    """Refuse numbers that differ so little that rounding them to 32 bits leaves less than 256 levels."""
    spread, spacing = highest - lowest, max(abs(lowest), abs(highest)) / _EXACT
    if isfinite(spread) and 0 < spread < 256 * spacing:
        raise rounded(name, f"numbers from {lowest} to {highest}")


def _check_finite(name: str, images: NDArray[Any], first: int = 0) -> None:
    chunk_images = max(1, _CHUNK_VALUES // max(images[0].size, 1))
    for start in range(0, len(images), chunk_images):
        finite = np.isfinite(images[start : start + chunk_images])
        if not finite.all():
            bad = first + start + int(np.argmin(finite.reshape(len(finite), -1).all(axis=1)))
            raise Diagnosed(
                file_error(
                    "ND510",
                    name,
                    f"image {bad} holds a value that is not a finite number (NaN or infinity)",
                    "remove or repair such images; one of them would spoil every weight",
                )
            )


def _common_type(arrays: list[NDArray[Any]], name: str) -> np.dtype[Any]:
    """uint8 where every value is a level of 0..255, else float32."""
    if all(array.dtype == np.bool_ for array in arrays):
        return np.dtype(np.uint8)
    if all(array.dtype.kind in "iu" for array in arrays):
        lowest = min(int(array.min()) for array in arrays)
        highest = max(int(array.max()) for array in arrays)
        if lowest >= 0 and _COARSE < highest <= 255:
            return np.dtype(np.uint8)
    if any(array.dtype.kind not in "biuf" for array in arrays):
        raise Diagnosed(
            file_error(
                "ND508",
                name,
                f"pixels of type {arrays[0].dtype} are not numbers",
                "store uint8 or float32 pixels",
            )
        )
    return np.dtype(np.float32)
