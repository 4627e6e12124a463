"""NumPy arrays as images and as labelled data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.data.arrays import RawPart, assemble
from netdsl.data.class_labels import labels_of
from netdsl.data.class_names import named
from netdsl.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from netdsl.data.reading import read_data

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.planning.plan import Plan

NAME = "arrays"
"""What a recipe calls data that were given as arrays."""


def images_as_batch(x: Any, plan: Plan) -> NDArray[Any]:
    """Images as (images, height, width, channels) of the network's input.

    One image may stand alone, the channel of grey images may be left out, and rows of numbers may stand
    for images; ValueError for anything else.
    """
    array = np.asarray(x)
    shape = plan.input.shape
    height, width, channels = shape
    kinds = [shape, (height * width * channels,), *([(height, width)] if channels == 1 else [])]
    for kind in kinds:
        if array.shape == kind:
            return array.reshape(1, *shape)
        if array.shape[1:] == kind and array.ndim == len(kind) + 1:
            return array.reshape(len(array), *shape)
    if array.ndim == 4 and array.shape[1:] == (channels, height, width):
        raise ValueError(
            f"images of {'x'.join(map(str, array.shape[1:]))} are written channels first, and the network "
            f"takes {plan.input}: x.transpose(0, 2, 3, 1)"
        )
    raise ValueError(f"the network takes images of {plan.input}, not an array of shape {array.shape}")


def dataset_of(data: Any, plan: Plan, classes: Sequence[str] = ()) -> Dataset:
    """Labelled data: what `--data` takes, or arrays.

    ``data`` is a path or a name, a pair (images, labels), or a mapping of "train", "validation" and "test"
    to such pairs. Raises Diagnosed as the readers do, TypeError for anything else.
    """
    if isinstance(data, str) or hasattr(data, "__fspath__"):
        return read_data(str(data), plan.input, tuple(classes), plan.example)
    if plan.example.several:
        raise TypeError("a network with several inputs reads its data from a .npz file: name one")
    parts = _parts(data)
    raw = []
    for part, (images, labels) in parts:
        array, numbers = np.asarray(images), np.asarray(labels)
        if array.dtype.kind not in "uifb":
            raise TypeError(f"images are numbers, not {array.dtype}")
        if array.ndim < 2:
            raise ValueError(f"images are an array of two or more axes, not of shape {array.shape}")
        raw.append(RawPart(array, labels_of(NAME, numbers), part))
    return named(assemble(NAME, raw, plan.input), tuple(classes))


def _parts(data: Any) -> list[tuple[int, Any]]:
    numbers = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
    if isinstance(data, dict):
        unknown = [name for name in data if name not in numbers]
        if unknown or "train" not in data:
            raise TypeError(
                'data by parts has a pair of images and labels for "train", and for "validation" '
                f'and "test" where there are any, not {", ".join(map(repr, data))}'
            )
        pairs = [(numbers[name], pair) for name, pair in data.items()]
    else:
        pairs = [(TRAIN, data)]
    for _, pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError("data is a path, a pair (images, labels), or a pair for each part")
    return pairs
