"""Which axis of an array of images is which: the usual orders of height, width and channels.

Arrays do not say what their axes are. The orders that are in use are told apart by their sizes; where
one was assumed, ``Oriented.reading`` says so, and training prints it.
"""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Any, NamedTuple

from netdsl.data.dataset import empty_data
from netdsl.data.scaling import is_row, picture_of
from netdsl.diagnostics import Diagnosed, file_error
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Oriented(NamedTuple):
    """``array`` is (images, height, width, channels); ``reading`` says what was assumed, or is empty.

    ``planes``: rows of numbers that the network takes as they are, and that would be a picture in
    colour; its colours then stand one after the other, as in all rows.
    """

    array: NDArray[Any]
    reading: str = ""
    planes: bool = False


def oriented(name: str, array: NDArray[Any], volume: Volume) -> Oriented:
    """Any usual order of axes as (images, height, width, channels).

    Raises Diagnosed: ND508 for an array of other axes, ND502 for images without pixels.
    """
    picture = (picture_of(volume) if is_row(volume) else volume) or volume
    shape = array.shape[1:]
    if array.ndim and 0 in shape:
        raise empty_data(name, f"the images have no pixels (shape {array.shape})")
    if len(shape) == 3:
        if shape[2] not in (1, 3, volume.channels) and shape[0] in (1, 3, volume.channels):
            reading = "" if shape[0] == 1 else f"an array of shape {array.shape} is read channels first"
            return Oriented(array.transpose(0, 2, 3, 1), reading)
        return Oriented(array)
    if len(shape) == 2:
        return _matrices(array, picture)
    if len(shape) == 1:
        return _rows(name, array, volume)
    raise Diagnosed(
        file_error(
            "ND508",
            name,
            f"an array of shape {array.shape} holds no images",
            "images are (count, height, width), (count, height, width, channels) or (count, values)",
        )
    )


def _matrices(array: NDArray[Any], picture: Volume) -> Oriented:
    """Grey images; or in colour with their pixels in one axis, as CIFAR's files are often cut."""
    count, first, second = array.shape
    height, width, channels = picture.shape
    if channels > 1 and height * width > 1 and (first, second) == (channels, height * width):
        shaped = array.reshape(count, channels, height, width).transpose(0, 2, 3, 1)
        return Oriented(shaped, f"an array of shape {array.shape} is read channels first")
    if channels > 1 and height * width > 1 and (first, second) == (height * width, channels):
        shaped = array.reshape(count, height, width, channels)
        return Oriented(shaped, f"an array of shape {array.shape} is read channels last")
    return Oriented(array[..., None])


def _rows(name: str, array: NDArray[Any], volume: Volume) -> Oriented:
    """Images that are rows of numbers: in colour plane by plane, as CIFAR's are."""
    count, values = array.shape
    if values == volume.values and is_row(volume):
        picture = picture_of(volume)
        return Oriented(
            array.reshape(count, *volume.shape), planes=picture is not None and picture.channels > 1
        )
    if values == volume.values:
        shape = volume.shape
    elif (side := isqrt(values)) ** 2 == values:
        shape = (side, side, 1)
    elif (side := isqrt(values // 3)) > 1 and side * side * 3 == values:
        shape = (side, side, 3)
    else:
        raise Diagnosed(
            file_error(
                "ND508",
                name,
                f"rows of {values} numbers are neither the network's input of {volume} = {volume.values} "
                "nor a square image, grey or colour",
                "store the images as (count, height, width, channels)",
            )
        )
    height, width, channels = shape
    if channels == 1 or height * width == 1:
        return Oriented(array.reshape(count, *shape))
    order = "all of red, then green, then blue" if channels == 3 else "one channel after the other"
    reading = (
        f"rows of {values:,} numbers are read as {height}x{width}x{channels}, {order}, as CIFAR has them"
    )
    return Oriented(array.reshape(count, channels, height, width).transpose(0, 2, 3, 1), reading)
