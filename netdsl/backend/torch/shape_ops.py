"""Layers that move numbers without changing them, and those where branches meet."""

from __future__ import annotations

from functools import reduce
from operator import add, mul
from typing import Any

import torch
from torch import nn

from netdsl.backend.torch.own_modules import Formula
from netdsl.backend.torch.translated_layer import Maker, TranslatedLayer
from netdsl.layers import add as adding
from netdsl.layers import (
    concat,
    crop,
    depth_to_space,
    flatten,
    input,
    multiply,
    pad,
    pixel_shuffle,
    pixel_unshuffle,
    reorg,
    reshape,
    shuffle,
    slice,
    space_to_depth,
    upsample,
)
from netdsl.layers.layer import Layer
from netdsl.planning.plan import PlannedLayer


def _input(layer: PlannedLayer) -> TranslatedLayer:
    return TranslatedLayer(nn.Identity(), {})


def _reshaped(layer: PlannedLayer) -> TranslatedLayer:
    """Both volumes are read in the order height, width, channels."""
    shape = layer.output.shape
    return TranslatedLayer(
        Formula(lambda x: x.permute(0, 2, 3, 1).reshape(-1, *shape).permute(0, 3, 1, 2)), {}
    )


def _upsampled(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    if options.repeats:
        return TranslatedLayer(nn.Upsample(scale_factor=tuple(map(float, options.factor))), {})
    size = (layer.output.height, layer.output.width)
    if options.mode == "bilinear":
        return TranslatedLayer(nn.Upsample(size, mode="bilinear", align_corners=options.corners), {})
    return TranslatedLayer(
        nn.Upsample(size, mode="nearest-exact" if options.dialect.nearest_centers else "nearest"), {}
    )


def _cropped(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    top, left = options.corner(layer.inputs[0])
    height, width, _ = layer.output.shape
    return TranslatedLayer(Formula(lambda x: x[:, :, top : top + height, left : left + width]), {})


def _padded(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    zeros = options.zeros()
    more = layer.output.channels - layer.inputs[0].channels
    return TranslatedLayer(
        nn.ConstantPad3d((zeros.left, zeros.right, zeros.top, zeros.bottom, 0, more), 0.0)
        if more
        else nn.ZeroPad2d((zeros.left, zeros.right, zeros.top, zeros.bottom)),
        {},
    )


def _taken(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    ranges = options.ranges(layer.inputs[0])
    return TranslatedLayer(
        Formula(lambda x: torch.cat([x[:, first : last + 1] for first, last in ranges], dim=1)), {}
    )


def _shuffled(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    return TranslatedLayer(nn.ChannelShuffle(options.groups), {})


def _cut(x: Any, rows: int, columns: int) -> Any:
    """Blocks: (batch, channels, height, rows, width, columns)."""
    return x.unflatten(3, (-1, columns)).unflatten(2, (-1, rows))


def _blocks(order: tuple[int, ...]) -> Maker:
    """Blocks of positions as channels: those axes of ``_cut`` in this order."""

    def make(layer: PlannedLayer) -> TranslatedLayer:
        options: Any = layer.node.layer
        rows, columns = options.stride
        return TranslatedLayer(
            Formula(lambda x: _cut(x, rows, columns).permute(0, *order, 2, 4).flatten(1, 3)), {}
        )

    return make


def _spread(order: tuple[int, ...], *, first: bool) -> Maker:
    """Channels as blocks of positions; those of one place one after the other, or ``first`` the places."""

    def make(layer: PlannedLayer) -> TranslatedLayer:
        options: Any = layer.node.layer
        cut = (*options.stride, -1) if first else (-1, *options.stride)
        return TranslatedLayer(
            Formula(lambda x: x.unflatten(1, cut).permute(0, *order).flatten(4, 5).flatten(2, 3)), {}
        )

    return make


def _reorganised(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    rows, columns = options.stride
    height, width, channels = layer.output.shape

    def moved(x: Any) -> Any:
        planes = x.reshape(x.shape[0], -1, x.shape[2] * rows, x.shape[3] * columns)
        return _cut(planes, rows, columns).permute(0, 3, 5, 1, 2, 4).reshape(-1, channels, height, width)

    return TranslatedLayer(Formula(moved), {})


def _added(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    factors = options.factors
    if not factors:
        return TranslatedLayer(Formula(lambda *inputs: reduce(add, inputs)), {})
    return TranslatedLayer(Formula(lambda *inputs: reduce(add, map(mul, inputs, factors))), {})


MAKERS: dict[type[Layer], Maker] = {
    input.Input: _input,
    flatten.Flatten: _reshaped,
    reshape.Reshape: _reshaped,
    upsample.Upsample: _upsampled,
    crop.Crop: _cropped,
    pad.Pad: _padded,
    shuffle.Shuffle: _shuffled,
    pixel_unshuffle.PixelUnshuffle: _blocks((1, 3, 5)),
    space_to_depth.SpaceToDepth: _blocks((3, 5, 1)),
    pixel_shuffle.PixelShuffle: _spread((1, 4, 2, 5, 3), first=False),
    depth_to_space.DepthToSpace: _spread((3, 4, 1, 5, 2), first=True),
    reorg.Reorg: _reorganised,
    slice.Slice: _taken,
    adding.Add: _added,
    multiply.Multiply: lambda layer: TranslatedLayer(Formula(lambda *inputs: reduce(mul, inputs)), {}),
    concat.Concat: lambda layer: TranslatedLayer(Formula(lambda *inputs: torch.cat(inputs, dim=1)), {}),
}
