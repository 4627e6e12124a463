"""Layers that multiply by weights: convolutions of all sorts, and FC."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from netdsl.backend.torch.own_modules import FullyConnected, LocallyConnected, MaskedConvolution, zeros_around
from netdsl.backend.torch.translated_layer import Maker, TorchArray, TranslatedLayer, biased, weighted
from netdsl.layers import conv, deconv, depthwise, fc, local
from netdsl.layers.layer import Layer
from netdsl.planning.plan import PlannedLayer
from netdsl.quantities import Padding


def _convolution(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    if options.table is None:
        return _sliding(layer, options.groups, nn.Conv2d)
    x = layer.inputs[0]
    seen = [[float(channel in row) for channel in range(x.channels)] for row in options.table]
    return _sliding(layer, 1, MaskedConvolution, mask=torch.tensor(seen)[:, :, None, None])


def _depthwise(layer: PlannedLayer) -> TranslatedLayer:
    return _sliding(layer, layer.inputs[0].channels, nn.Conv2d)


def _sliding(layer: PlannedLayer, groups: int, kind: Any, **more: Any) -> TranslatedLayer:
    """A convolution; padding that is not the same on both sides goes before it."""
    options: Any = layer.node.layer
    x, y = layer.inputs[0], layer.output
    padding: Padding = options.moving(x).padding
    even = padding.top == padding.bottom and padding.left == padding.right
    module = kind(
        x.channels,
        y.channels,
        tuple(options.kernel),
        tuple(options.stride),
        (padding.top, padding.left) if even else 0,
        tuple(options.dilation),
        groups,
        options.bias,
        **more,
    )
    part = weighted(layer, module)
    return part if even else behind(zeros_around(padding), part)


def behind(first: Any, part: TranslatedLayer) -> TranslatedLayer:
    """A part with a module before it that has no arrays."""
    arrays = {name: array._replace(name=f"1.{array.name}") for name, array in part.arrays.items()}
    return TranslatedLayer(nn.Sequential(first, part.module), arrays)


def _deconvolution(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    cut: Padding = options.cut()
    even = cut.top == cut.bottom and cut.left == cut.right
    module = nn.ConvTranspose2d(
        layer.inputs[0].channels,
        layer.output.channels,
        tuple(options.kernel),
        tuple(options.stride),
        (cut.top, cut.left) if even else 0,
        groups=options.groups,
        bias=options.bias,
    )
    part = weighted(layer, module)
    if even:
        return part
    cutting = zeros_around(Padding(*(-zeros for zeros in cut)))
    arrays = {name: array._replace(name=f"0.{array.name}") for name, array in part.arrays.items()}
    return TranslatedLayer(nn.Sequential(module, cutting), arrays)


def _fully_connected(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    x = layer.inputs[0]
    module = FullyConnected(x.values, options.neurons, bias=options.bias)
    return TranslatedLayer(module, biased(layer, TorchArray("weight", (*x.shape, options.neurons))))


def _locally_connected(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    size = (layer.output.height, layer.output.width)
    shape = layer.used_parameters[0].shape
    module = LocallyConnected(shape, size, tuple(options.kernel), tuple(options.stride), bias=options.bias)
    around = zeros_around(options.moving(layer.inputs[0]).padding)
    return behind(around, TranslatedLayer(module, biased(layer, TorchArray("weight"))))


MAKERS: dict[type[Layer], Maker] = {
    conv.Conv: _convolution,
    depthwise.Depthwise: _depthwise,
    deconv.Deconv: _deconvolution,
    fc.FullyConnected: _fully_connected,
    local.Local: _locally_connected,
}
