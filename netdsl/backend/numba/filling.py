"""The launch that prepares a batch: images gathered, scaled and shifted into a session's inputs.

It is one of the launches of a step, with the batch of the step after it, and the workers do not meet
behind it: whoever has done its share goes on with the step itself.
"""

from __future__ import annotations

import numpy as np

from netdsl.backend.numba.cache import Kernels
from netdsl.backend.numba.kernel import Kernel, kernel
from netdsl.backend.session import Array, Batch, Images

_TEXT = """    chosen = integer(arguments, 0)
    pixels = integer(arguments, 1)
    labels = integer(arguments, 2)
    scale = integer(arguments, 3)
    shift = integer(arguments, 4)
    targets = integer(arguments, 5)
    values = integer(arguments, 6)
    scores = integer(arguments, 7)
    x = integer(arguments, 8)
    target = integer(arguments, 9)
    for item in range(first, last):
        image = integer(chosen, item)
        source = pixels + image * values * BYTES
        out = x + item * values * 4
        place = 0
        while place + WIDTH <= values:
            # Not one fused operation: NumPy's two roundings.
            scaled = LOAD(source + place * BYTES) * load(scale + place * 4)
            store(out + place * 4, scaled + load(shift + place * 4))
            place += WIDTH
        if place < values:
            rest = values - place
            scaled = LOAD_LANES(source + place * BYTES, rest) * load_lanes(scale + place * 4, rest)
            store_lanes(out + place * 4, scaled + load_lanes(shift + place * 4, rest), rest)
        copy(targets + integer(labels, image) * scores * 4, target + item * scores * 4, scores)
"""

_KINDS = {
    "u": {"LOAD_LANES": "load_level_lanes", "LOAD": "load_levels", "BYTES": "1"},
    "f": {"LOAD_LANES": "load_lanes", "LOAD": "load", "BYTES": "4"},
}
"""By the kind of a pixel's type: uint8 and float32 are what data sets have."""


def fill_kernel(images: Images) -> Kernel:
    text = _TEXT
    for word, meaning in _KINDS[images.pixels.dtype.kind].items():
        text = text.replace(word, meaning)
    return kernel("fill", text)


class Filling:
    """That launch: ``row`` stands in a table of launches, and all workers meet after it."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels
        self._arguments = np.zeros(10, np.int64)
        self._images: Images | None = None
        self.row = np.zeros((1, 4), np.int64)
        self.row[0, 1] = self._arguments.ctypes.data
        self.row[0, 3] = 1

    def aim(self, batch: Batch, x: Array, target: Array) -> None:
        """Have it prepare a batch in two arrays."""
        images, chosen = batch
        if images is not self._images:
            self._take(images)
        if x.size != len(chosen) * images.scale.size or target.size != len(chosen) * images.targets.shape[1]:
            raise ValueError("the inputs have another size than the batch")
        arguments = self._arguments
        arguments[0], arguments[8], arguments[9] = chosen.ctypes.data, x.ctypes.data, target.ctypes.data
        self.row[0, 2] = len(chosen)

    def _take(self, images: Images) -> None:
        held = (images.pixels, images.labels, images.scale, images.shift, images.targets)
        if not all(array.flags.c_contiguous for array in held):
            raise ValueError("images must be in C order")
        self.row[0, 0] = self._kernels.address(fill_kernel(images))
        self._arguments[1:6] = [array.ctypes.data for array in held]
        self._arguments[6:8] = (images.scale.size, images.targets.shape[1])
        self._images = images
