"""From labels as files hold them, numbers or names, to indices into the names of the classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from netdsl.data.dataset import check_classes, check_names
from netdsl.diagnostics import Diagnosed, file_error
from netdsl.opening import writable

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Labels(NamedTuple):
    """The classes of images: ``values[indices[n]]`` is that of image n, a whole number or a name.

    Numbers are Python's, so that none is too large to be told from its neighbours.
    """

    values: list[int] | list[str]
    indices: NDArray[np.int64]


def labels_of(name: str, array: NDArray[Any]) -> Labels:
    """The labels in an array, (images,), (images, 1) or one-hot rows, (images, classes).

    Raises Diagnosed (ND509) for what is no label.
    """
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        array = _positions(name, array)
    if array.ndim != 1:
        raise Diagnosed(_unlike(name, array))
    kind = array.dtype.kind
    if kind == "f":
        array = _whole(name, array)
    found, inverse = np.unique(array, return_inverse=True)
    classes, indices = found.tolist(), inverse.reshape(-1).astype(np.int64)
    if kind not in "USb":
        return Labels([int(value) for value in classes], indices)
    texts = [value.decode("utf-8", "surrogateescape") if kind == "S" else str(value) for value in classes]
    names = [writable(text) for text in texts]
    check_names(name, names)
    return Labels(names, indices)


def labels_from_values(values: Sequence[int] | Sequence[str]) -> Labels:
    """The labels in a list, one for each image."""
    numbers: dict[Any, int] = {}
    indices = np.fromiter(
        (numbers.setdefault(value, len(numbers)) for value in values), np.int64, len(values)
    )
    return Labels(list(numbers), indices)


def merged(name: str, parts: Sequence[Labels]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """All parts' labels as indices, (images,), into the names of all classes.

    Classes are ordered by value: numbers as numbers, and names, or both together, as text. Raises
    Diagnosed (ND503, ND526) for labels that tell nothing apart.
    """
    values: set[Any] = {value for part in parts for value in part.values}
    if not all(isinstance(value, int) for value in values):
        values = {str(value) for value in values}
        parts = [Labels([str(value) for value in part.values], part.indices) for part in parts]
    numbers = {value: number for number, value in enumerate(sorted(values))}
    check_classes(name, [str(value) for value in numbers])
    indices = [np.array([numbers[value] for value in part.values], np.int64)[part.indices] for part in parts]
    return (
        np.concatenate(indices) if len(indices) > 1 else indices[0],
        tuple(str(value) for value in numbers),
    )


def _positions(name: str, array: NDArray[Any]) -> NDArray[np.int64]:
    """Which number of each row is 1, where all others are 0."""
    if array.dtype.kind in "biuf" and len(array):
        ones = array == 1
        if (ones.sum(axis=1) == 1).all() and np.count_nonzero(array) == len(array):
            positions: NDArray[np.int64] = np.argmax(ones, axis=1).astype(np.int64)
            return positions
    raise Diagnosed(_unlike(name, array))


def _whole(name: str, array: NDArray[Any]) -> NDArray[np.int64]:
    if not np.isfinite(array).all() or (array != np.rint(array)).any():
        raise Diagnosed(
            file_error(
                "ND509",
                name,
                "labels must be whole numbers or names; these have fractions or are not numbers",
                "netdsl trains classifiers: each image needs the number of its class",
            )
        )
    exact = 2 ** min(np.finfo(array.dtype).nmant + 1, 62)
    largest = float(np.abs(array).max(initial=0))
    if largest > exact:
        raise Diagnosed(
            file_error(
                "ND509",
                name,
                f"labels of type {array.dtype} up to {largest:.0f} are rounded: above {exact:,} "
                "neighbours become equal",
                "store labels as whole numbers (int64) or as names",
            )
        )
    return array.astype(np.int64)


def _unlike(name: str, array: NDArray[Any]) -> Any:
    one_hot = array.ndim == 2 and array.shape[1] > 1
    return file_error(
        "ND509",
        name,
        f"labels must be one number per image; these are an array of shape {array.shape}",
        *(("store `labels.argmax(axis=1)`: the number of the class",) if one_hot else ()),
    )
