"""The launch that prepares a batch: images gathered, augmented, scaled and shifted into a session's inputs.

It is one of the launches of a step, with the batch of the step after it, and the workers do not meet
behind it: whoever has done its share continues with the step itself.
"""

from __future__ import annotations

from functools import cache
from math import prod

import numpy as np

from netdsl.backend.numba.compile.cache import Kernels
from netdsl.backend.numba.kernel import Kernel, indented, kernel, named
from netdsl.backend.pixel_changes import Changes, node_step
from netdsl.backend.session import Array, Batch, Images

_PLAIN = (
    "numbers",
    "pixels",
    "labels",
    "scale",
    "shift",
    "targets",
    "values",
    "scores",
    "x",
    "target",
)
_CHANGED = (
    *_PLAIN,
    "height",
    "width",
    "channels",
    "border",
    "settings",
    "grey",
    "maps",
    "lattice",
    "rows",
    "columns",
    "colours",
    "steps",
    "hues",
    "holes",
    "hole_count",
    "shares",
    "batch",
    "spare",
    "spares",
)
"""The arguments of the two kernels by name, addresses and numbers, of which the first are the same."""

_INDICES = named(**dict.fromkeys(_CHANGED, 0)).indices

_TEXT = """    for item in range(first, last):
        image = integer(numbers, item)
        source = pixels + image * values * {bytes}
        out = x + item * values * 4
        place = 0
        while place + WIDTH <= values:
            # Not one fused operation: NumPy's two roundings.
            scaled = {load}(source + place * {bytes}) * load(scale + place * 4)
            store(out + place * 4, scaled + load(shift + place * 4))
            place += WIDTH
        if place < values:
            rest = values - place
            scaled = {load_lanes}(source + place * {bytes}, rest) * load_lanes(scale + place * 4, rest)
            store_lanes(out + place * 4, scaled + load_lanes(shift + place * 4, rest), rest)
        copy(targets + integer(labels, image) * scores * 4, target + item * scores * 4, scores)
"""

_CHANGING = """    area = height * width
    step_bytes = channels * (channels + 2) * 4
    room = values + 2 * channels
    for item in range(first, last):
        own = spare + (item if spares >= batch else worker) * 2 * room * 4
        partner = own + room * 4
        out = x + item * values * 4
        row = item
        turns = 1 if shares == 0 else 2
        for turn in range(turns):
            image = integer(numbers, row)
            source = pixels + image * values * {bytes}
            raw = own if maps != 0 or lattice != 0 else out
            place = 0
            while place + WIDTH <= values:
                store(raw + place * 4, {load}(source + place * {bytes}))
                place += WIDTH
            if place < values:
                rest = values - place
                store_lanes(raw + place * 4, {load_lanes}(source + place * {bytes}, rest), rest)
            if raw != out:
                place_map = maps + row * 24 if maps != 0 else 0
                field = lattice + row * rows * columns * 8 if lattice != 0 else 0
                move_picture(
                    raw, out, height, width, channels, border, settings, place_map, field, rows, columns
                )
            for step in range(steps):
                place = colours + (row * steps + step) * step_bytes
                recolour(out, area, channels, place, grey, settings, own + values * 4)
            if hues != 0:
                turn_hue(out, area, hues + row * 4)
            place = 0
            while place + WIDTH <= values:
                # Not one fused operation: NumPy's two roundings.
                scaled = load(out + place * 4) * load(scale + place * 4)
                store(out + place * 4, scaled + load(shift + place * 4))
                place += WIDTH
            if place < values:
                rest = values - place
                scaled = load_lanes(out + place * 4, rest) * load_lanes(scale + place * 4, rest)
                store_lanes(out + place * 4, scaled + load_lanes(shift + place * 4, rest), rest)
            for hole in range(hole_count):
                hide(out, width, channels, holes + (row * hole_count + hole) * 32)
            out = partner
            row += batch
        answer = target + item * scores * 4
        copy(targets + integer(labels, integer(numbers, item)) * scores * 4, answer, scores)
        if shares != 0:
            mix(x + item * values * 4, partner, values, shares + item * 4)
            label = integer(labels, integer(numbers, item + batch))
            mix(answer, targets + label * scores * 4, scores, shares + item * 4)
"""
"""As ``_TEXT`` for a batch with changes: each picture is moved, coloured, scaled and mixed by itself."""

_PIXELS = {
    "u": {"load_lanes": "load_level_lanes", "load": "load_levels", "bytes": "1"},
    "f": {"load_lanes": "load_lanes", "load": "load", "bytes": "4"},
}
"""By the kind of a pixel's type: uint8 and float32 are what data sets have."""


def fill_kernel(images: Images, *, changes: bool = False) -> Kernel:
    """The kernel that takes batches from some images; ``changes`` says whether augmentation changes them."""
    return _kernel(images.pixels.dtype.kind, changes)


@cache
def _kernel(kind: str, changes: bool) -> Kernel:
    names, body = (_CHANGED, _CHANGING) if changes else (_PLAIN, _TEXT)
    text = indented(named(**dict.fromkeys(names, 0)).lines, 1) + "\n" + body.format_map(_PIXELS[kind])
    return kernel("change" if changes else "fill", text)


def spare_floats(threads: int, batch: int, shape: tuple[int, ...]) -> int:
    """What the kernel needs beside the inputs for images of a shape: a picture as it was and a partner,
    each with room for a pixel and its offsets, for every image that is prepared at once."""
    return min(threads, batch) * 2 * (prod(shape) + 2 * shape[-1])


class Filling:
    """That launch: ``row`` is in a table of launches, and all workers meet after it."""

    def __init__(self, kernels: Kernels, threads: int) -> None:
        self._kernels = kernels
        self._threads = threads
        self._arguments = np.zeros(len(_CHANGED), np.int64)
        self._images: Images | None = None
        self._held: list[Array] = []
        self._spare = np.zeros(0, np.float32)
        self.row = np.zeros((1, 4), np.int64)
        self.row[0, 1] = self._arguments.ctypes.data
        self.row[0, 3] = 1

    def aim(self, batch: Batch, x: Array, target: Array) -> None:
        """Have it prepare a batch in two arrays."""
        images, chosen, changes = batch
        if images is not self._images:
            self._take(images)
        if x.size != len(chosen) * images.scale.size or target.size != len(chosen) * images.targets.shape[1]:
            raise ValueError("the inputs have another size than the batch")
        self._set(numbers=chosen.ctypes.data, x=x.ctypes.data, target=target.ctypes.data)
        self.row[0, 0] = self._kernels.address(fill_kernel(images, changes=changes is not None))
        self.row[0, 2] = len(chosen)
        if changes is not None:
            self._take_changes(changes, images, len(chosen))

    def _take(self, images: Images) -> None:
        held = ("pixels", "labels", "scale", "shift", "targets")
        arrays: dict[str, Array] = {name: getattr(images, name) for name in held}
        if not all(array.flags.c_contiguous for array in arrays.values()):
            raise ValueError("images must be in C order")
        self._set(**{name: array.ctypes.data for name, array in arrays.items()})
        self._set(values=images.scale.size, scores=images.targets.shape[1])
        self._images = images

    def _take_changes(self, changes: Changes, images: Images, batch: int) -> None:
        """The arguments that say how images are changed."""
        shape = images.pixels.shape[1:]
        if len(changes.numbers) != changes.turns * batch:
            raise ValueError("the changes are those of another batch")
        lattice, colours, holes = changes.lattice, changes.colours, changes.holes
        rows, columns = (2, 2) if lattice is None else lattice.shape[1:3]
        steps_of_nodes = [node_step(length, n) for length, n in zip(shape, (rows, columns), strict=False)]
        settings = np.array([*changes.levels, *steps_of_nodes], np.float32)
        spares = min(self._threads, batch)
        needed = spare_floats(self._threads, batch, shape)
        if self._spare.size < needed:
            self._spare = np.zeros(needed, np.float32)
        arrays: dict[str, Array | None] = {
            "numbers": changes.numbers,
            "settings": settings,
            "grey": changes.grey,
            "maps": changes.maps,
            "lattice": lattice,
            "colours": colours,
            "hues": changes.hues,
            "holes": holes,
            "shares": changes.shares,
        }
        self._held = [array for array in arrays.values() if array is not None]
        if not all(array.flags.c_contiguous for array in self._held):
            raise ValueError("changes must be in C order")
        self._set(**{name: 0 if array is None else array.ctypes.data for name, array in arrays.items()})
        height, width, channels = shape
        self._set(
            height=height,
            width=width,
            channels=channels,
            border=changes.border,
            rows=rows,
            columns=columns,
            steps=0 if colours is None else colours.shape[1],
            hole_count=0 if holes is None else holes.shape[1],
            batch=batch,
            spare=self._spare.ctypes.data,
            spares=spares,
        )

    def _set(self, **values: int) -> None:
        """Set arguments by name."""
        for name, value in values.items():
            self._arguments[_INDICES[name]] = value
