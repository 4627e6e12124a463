"""Augmentation: what the recipe says about it, drawn for the images of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from netdsl.augmentations.augmentation import BORDERS, Augmentation, Change, Pictures
from netdsl.backend.pixel_changes import Changes, interpolated
from netdsl.data.randomness import ImageDraws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.backend.session import Images

    Array = NDArray[Any]

_LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey: ITU-R BT.601."""


class Augmenting(NamedTuple):
    """The augmentations of a run, in the order of the recipe, and what they are done to.

    ``numbers``: (training images,) those of the training part, from which partners are taken.
    """

    augmentations: tuple[Augmentation, ...]
    pictures: Pictures
    limits: tuple[float, float]
    seed: int
    numbers: NDArray[np.int64]

    def changes_of(self, epoch: int) -> Callable[[NDArray[np.int64]], Changes] | None:
        """What is done in an epoch to the images of some numbers; None where nothing ever is."""
        if not self.augmentations:
            return None
        return lambda chosen: self.changes(epoch, chosen)

    def changes(self, epoch: int, chosen: NDArray[np.int64]) -> Changes:
        """What is done to the images numbered by ``chosen``, (batch,), in an epoch."""
        own = self._joined(epoch, chosen)
        if own.partners is None or own.shares is None:
            return self._settled(chosen, own, None)
        indices = np.minimum((own.partners * len(self.numbers)).astype(np.int64), len(self.numbers) - 1)
        partners = self.numbers[indices]
        others = self._joined(epoch, partners)
        both = Change(*(_stacked(one, other) for one, other in zip(own, others, strict=True)))
        return self._settled(np.concatenate([chosen, partners]), both, own.shares)

    def mixing_of(self, epoch: int) -> Callable[[NDArray[np.int64]], tuple[NDArray[np.int64], Array]] | None:
        """For the images of some numbers those of their partners in an epoch, and their own shares; None
        where none are mixed."""
        mixing = self._replace(augmentations=tuple(one for one in self.augmentations if one.mixes))
        if not mixing.augmentations:
            return None

        def mixed(chosen: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array]:
            changes = mixing.changes(epoch, chosen)
            assert changes.shares is not None
            return changes.numbers[len(chosen) :], changes.shares

        return mixed

    def _joined(self, epoch: int, chosen: NDArray[np.int64]) -> Change:
        """All augmentations of some images in one."""
        found = [
            augmentation.change(
                ImageDraws(self.seed, f"{augmentation.name} in epoch {epoch}", chosen), self.pictures
            )
            for augmentation in self.augmentations
        ]
        return Change(
            _composed([one.maps for one in found if one.maps is not None]),
            _added([one.lattice for one in found if one.lattice is not None]),
            _together([one.colours for one in found if one.colours is not None]),
            _total([one.hues for one in found if one.hues is not None]),
            _together([one.holes for one in found if one.holes is not None]),
            _last([one.partners for one in found if one.partners is not None]),
            _last([one.shares for one in found if one.shares is not None]),
        )

    def _settled(self, numbers: NDArray[np.int64], change: Change, shares: Array | None) -> Changes:
        """In the form that backends take."""
        named = [one.values().get("border") for one in self.augmentations]
        border = next((BORDERS.index(name) for name in named if name), 0)
        return Changes(
            np.ascontiguousarray(numbers, np.int64),
            border,
            np.array([self.pictures.black, *self.limits], np.float32),
            np.array(self.pictures.grey, np.float32),
            _floats(change.maps),
            _floats(change.lattice),
            _floats(change.colours),
            _floats(change.hues),
            None if change.holes is None else np.ascontiguousarray(change.holes, np.int64),
            _floats(shares),
        )


def augmenting(
    augmentations: tuple[Augmentation, ...], images: Images, numbers: NDArray[np.int64], seed: int
) -> Augmenting:
    """The augmentations of a run on images; ``numbers`` are those of the training part."""
    height, width, channels = images.pixels.shape[1:]
    black, white = images.black, images.white
    limits, span = (-np.inf, np.inf), 4 / max(float(images.scale.min()), 1e-30)
    if black is not None and white is not None:
        limits, span = (black, white), white - black
    grey = _LUMA if channels == 3 else (1 / channels,) * channels
    pictures = Pictures(height, width, channels, black or 0.0, span, grey)
    return Augmenting(augmentations, pictures, limits, seed, numbers)


def _floats(array: Array | None) -> NDArray[np.float32] | None:
    return None if array is None else np.ascontiguousarray(array, np.float32)


def _stacked(one: Array | None, other: Array | None) -> Array | None:
    return None if one is None or other is None else np.concatenate([one, other])


def _composed(maps: Sequence[Array]) -> Array | None:
    """One map for several that follow one another, the first applied to the picture first."""
    if not maps:
        return None
    total = maps[0]
    for one in maps[1:]:
        # What comes first to the picture comes last to a place that looks for its pixel.
        linear = total[:, :, 0:1] * one[:, 0:1, :] + total[:, :, 1:2] * one[:, 1:2, :]
        linear[:, :, 2] += total[:, :, 2]
        total = linear
    return total


def _added(lattices: Sequence[Array]) -> Array | None:
    """The sum of fields; one that is given at fewer nodes is interpolated at those of the finest."""
    if len(lattices) < 2:
        return lattices[0] if lattices else None
    rows, columns = (max(one.shape[axis] for one in lattices) for axis in (1, 2))
    total = np.zeros((len(lattices[0]), rows, columns, 2), np.float32)
    for one in lattices:
        total += interpolated(np.asarray(one, np.float32), rows, columns)
    return total


def _together(arrays: Sequence[Array]) -> Array | None:
    return np.concatenate(arrays, axis=1) if arrays else None


def _total(arrays: Sequence[Array]) -> Array | None:
    return None if not arrays else np.sum(arrays, axis=0)


def _last(arrays: Sequence[Array]) -> Array | None:
    return arrays[-1] if arrays else None
