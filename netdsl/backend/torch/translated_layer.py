"""One layer as a PyTorch module, and where its arrays are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netdsl.planning.plan import PlannedLayer

Floats = NDArray[np.float32]


class TorchArray(NamedTuple):
    """Where a module holds an array of ours.

    ``name`` is the attribute; ``seen_as`` the four extents in which our array is read before its axes
    are reversed as PyTorch has them (last axis first, then the third, then the first two), or None
    where both have the same shape.
    """

    name: str
    seen_as: tuple[int, int, int, int] | None = None

    def to_torch(self, array: Floats) -> Floats:
        """Our array in PyTorch's order of axes; the caller gives it its shape."""
        return array if self.seen_as is None else array.reshape(self.seen_as).transpose(3, 2, 0, 1)

    def from_torch(self, array: Floats, shape: tuple[int, ...]) -> Floats:
        """PyTorch's array, of any shape, in our order and shape."""
        if self.seen_as is None:
            return array.reshape(shape)
        high, wide, depth, width = self.seen_as
        return array.reshape(width, depth, high, wide).transpose(2, 3, 1, 0).reshape(shape)


class TranslatedLayer(NamedTuple):
    """A layer's module and where it holds each of its parameters and statistics, by our name."""

    module: Any
    arrays: dict[str, TorchArray]


Maker = Callable[[PlannedLayer], TranslatedLayer]
"""Translates a layer. Raises Untranslatable where PyTorch has nothing that computes the same."""


class Untranslatable(Exception):
    """The reason why a layer has no PyTorch form."""


def weighted(layer: PlannedLayer, module: Any) -> TranslatedLayer:
    """A module with ``weight`` and perhaps ``bias``, whose weights have four axes with us too."""
    shape = layer.used_parameters[0].shape
    assert len(shape) == 4
    return TranslatedLayer(
        module, biased(layer, TorchArray("weight", (shape[0], shape[1], shape[2], shape[3])))
    )


def biased(layer: PlannedLayer, weight: TorchArray) -> dict[str, TorchArray]:
    """Where the weights and, if there is one, the bias are."""
    names = {parameter.name for parameter in layer.used_parameters}
    return {"weights": weight} | ({"bias": TorchArray("bias")} if "bias" in names else {})
