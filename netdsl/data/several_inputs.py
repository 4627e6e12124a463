"""Data for a network with several inputs: a NumPy archive with an array for each of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from netdsl.data import npz_archive
from netdsl.data.available_memory import require_memory
from netdsl.data.dataset import Dataset
from netdsl.diagnostics import Diagnosed, file_error
from netdsl.planning.sources import Example


def read(name: str, example: Example) -> Dataset:
    """The arrays that are called like the inputs, ``left`` or ``left_train``, side by side as examples.

    Each is read as the images of a network of one input are. Raises Diagnosed: ND327 for other forms of
    data, ND509 where the arrays have different examples, ND511 where they are too large together, and
    what the archive raises.
    """
    wanted = ", ".join(part.name for part in example.parts)
    cure = f"numpy.savez(path, {', '.join(f'{part.name}=...' for part in example.parts)}, labels=...)"
    if not npz_archive.recognises(Path(name)):
        message = f"a network with several inputs reads a .npz archive with an array for each: {wanted}"
        raise Diagnosed(file_error("ND327", name, message, cure))
    found = [npz_archive.read(Path(name), part.volume, images=(part.name,)) for part in example.parts]
    first, *others = found
    for part, other in zip(example.parts[1:], others, strict=True):
        if not np.array_equal(first.labels, other.labels) or not np.array_equal(first.parts, other.parts):
            message = f"the array {part.name} has other examples than {example.parts[0].name}"
            raise Diagnosed(file_error("ND509", name, message, "give each part an array for every input"))
    levels = all(one.pixels.dtype == np.uint8 for one in found)
    dtype = np.dtype(np.uint8 if levels else np.float32)
    shape = (first.images, *example.volume.shape)
    needed = first.images * example.volume.values * dtype.itemsize
    require_memory(needed, name, f"{first.images:,} examples", "use a part of the data")
    pixels = np.empty(shape, dtype)
    for part, one in zip(example.parts, found, strict=True):
        numbers = one.pixels if example.stacked else one.pixels.reshape(first.images, 1, 1, -1)
        pixels[..., part.first : part.first + numbers.shape[3]] = numbers
    reading = tuple(dict.fromkeys(line for one in found for line in one.reading))
    return first._replace(pixels=pixels, reading=reading, planes=False)
