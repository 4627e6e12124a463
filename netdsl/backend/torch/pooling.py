"""Layers that slide a window over each channel by itself."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from netdsl.backend.torch.own_modules import DividedSums, Formula, Subsampling, zeros_around
from netdsl.backend.torch.translated_layer import Maker, TorchArray, TranslatedLayer, Untranslatable
from netdsl.layers import avg_pool, max_pool, subsample, unpool
from netdsl.layers.layer import Layer
from netdsl.layers.sliding import Sliding
from netdsl.planning.plan import PlannedLayer
from netdsl.quantities import Padding, Volume


def _reach(moving: Sliding, x: Volume, y: Volume) -> Padding:
    """The padding with which windows come out even, however positions are rounded: what is beyond the
    last window is cut off."""
    before = moving.padding
    below = (y.height - 1) * moving.stride.height + moving.kernel.height - x.height - before.top
    right = (y.width - 1) * moving.stride.width + moving.kernel.width - x.width - before.left
    return Padding(before.top, below, before.left, right)


def _is_plain(moving: Sliding, x: Volume, y: Volume) -> bool:
    """Whether PyTorch's pools, which round down and pad both sides alike, cover the same."""
    around = moving.padding
    if around.top != around.bottom or around.left != around.right:
        return False
    if 2 * around.top > moving.kernel.height or 2 * around.left > moving.kernel.width:
        return False
    high = (x.height + 2 * around.top - moving.kernel.height) // moving.stride.height + 1
    wide = (x.width + 2 * around.left - moving.kernel.width) // moving.stride.width + 1
    return (high, wide) == (y.height, y.width)


def _moving(layer: PlannedLayer) -> Sliding:
    options: Any = layer.node.layer
    moving: Sliding = options.moving(layer.inputs[0])
    return moving


def _maximum(layer: PlannedLayer) -> TranslatedLayer:
    moving, x, y = _moving(layer), layer.inputs[0], layer.output
    kernel, stride = tuple(moving.kernel), tuple(moving.stride)
    if _is_plain(moving, x, y):
        return TranslatedLayer(nn.MaxPool2d(kernel, stride, (moving.padding.top, moving.padding.left)), {})
    around = zeros_around(_reach(moving, x, y), -float("inf"))
    return TranslatedLayer(nn.Sequential(around, nn.MaxPool2d(kernel, stride)), {})


def _sums(layer: PlannedLayer, divisor: int = 1) -> Any:
    """A module that adds up what each window covers and divides it by the same number everywhere."""
    moving, x, y = _moving(layer), layer.inputs[0], layer.output
    kernel, stride = tuple(moving.kernel), tuple(moving.stride)
    if _is_plain(moving, x, y):
        around = (moving.padding.top, moving.padding.left)
        return nn.AvgPool2d(kernel, stride, around, divisor_override=divisor)
    pool = nn.AvgPool2d(kernel, stride, divisor_override=divisor)
    return nn.Sequential(zeros_around(_reach(moving, x, y)), pool)


def _average(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    moving, x, y = _moving(layer), layer.inputs[0], layer.output
    counts = options.dialect.average_counts
    area = moving.kernel.height * moving.kernel.width
    if counts == "WINDOW":
        return TranslatedLayer(_sums(layer, area), {})
    if _is_plain(moving, x, y):
        kernel, stride, around = tuple(moving.kernel), tuple(moving.stride), moving.padding
        pool = nn.AvgPool2d(kernel, stride, (around.top, around.left), count_include_pad=counts == "PADDED")
        return TranslatedLayer(pool, {})
    return TranslatedLayer(DividedSums(_sums(layer), _counts(layer, padded=counts == "PADDED")), {})


def _counts(layer: PlannedLayer, *, padded: bool) -> Any:
    """How many positions each window covers, of the image or of the padded image."""
    moving, x, y = _moving(layer), layer.inputs[0], layer.output
    inside = torch.ones(1, 1, x.height, x.width)
    reach, around = _reach(moving, x, y), moving.padding
    if padded:
        inside = zeros_around(around, 1.0)(inside)
        reach = Padding(0, reach.bottom - around.bottom, 0, reach.right - around.right)
    covered = zeros_around(reach)(inside)
    return functional.avg_pool2d(covered, tuple(moving.kernel), tuple(moving.stride), divisor_override=1)


def _subsampling(layer: PlannedLayer) -> TranslatedLayer:
    module = Subsampling(layer.inputs[0].channels, _sums(layer))
    return TranslatedLayer(module, {"coefficient": TorchArray("coefficient"), "bias": TorchArray("bias")})


def _unpooling(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    pooled, before = layer.inputs
    moving: Sliding = options.moving(before)
    if moving.stride.height < moving.kernel.height or moving.stride.width < moving.kernel.width:
        raise Untranslatable(
            f"its {moving.kernel} windows at stride {moving.stride} overlap: what two windows put at one "
            "place is added up, and PyTorch's MaxUnpool2d keeps one of the two"
        )
    if not _is_plain(moving, before, pooled):
        raise Untranslatable("PyTorch's MaxUnpool2d pads both sides alike and rounds down")
    kernel, stride = tuple(moving.kernel), tuple(moving.stride)
    around = (moving.padding.top, moving.padding.left)
    size = [before.height, before.width]

    def unpool_to(x: Any, source: Any) -> Any:
        _, indices = functional.max_pool2d(source, kernel, stride, around, return_indices=True)
        return functional.max_unpool2d(x, indices, kernel, stride, around, output_size=size)

    return TranslatedLayer(Formula(unpool_to), {})


MAKERS: dict[type[Layer], Maker] = {
    max_pool.MaxPool: _maximum,
    avg_pool.AvgPool: _average,
    subsample.Subsample: _subsampling,
    unpool.Unpool: _unpooling,
}
