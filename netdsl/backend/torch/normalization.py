"""Layers that bring numbers to a common scale, and those that leave numbers out."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from netdsl.backend.torch.own_modules import (
    BranchLeftOut,
    ChannelScale,
    ContrastNormalisation,
    Formula,
    PositionNorm,
)
from netdsl.backend.torch.translated_layer import Maker, TorchArray, TranslatedLayer
from netdsl.layers import batch_norm, dropout, group_norm, layer_norm, lcn, lrn, scale, stochastic_depth
from netdsl.layers.layer import Layer
from netdsl.planning.plan import PlannedLayer

_AFFINE = {"scale": TorchArray("weight"), "shift": TorchArray("bias")}


def _batch(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    channels, affine = layer.output.channels, bool(layer.parameters)
    module = nn.BatchNorm2d(channels, options.added, options.newest, affine=affine)
    running = {"running_mean": TorchArray("running_mean"), "running_variance": TorchArray("running_var")}
    return TranslatedLayer(module, _learned(layer) | running)


def _learned(layer: PlannedLayer) -> dict[str, TorchArray]:
    """The scale and shift that the layer has; others stay 1 and 0."""
    return {parameter.name: _AFFINE[parameter.name] for parameter in layer.used_parameters}


def _scale(layer: PlannedLayer) -> TranslatedLayer:
    module = ChannelScale(layer.output.channels, shift=len(layer.used_parameters) > 1)
    return TranslatedLayer(
        module, {parameter.name: TorchArray(parameter.name) for parameter in layer.used_parameters}
    )


def _group(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    return TranslatedLayer(_grouped(layer, options.groups), _learned(layer))


def _layer(layer: PlannedLayer) -> TranslatedLayer:
    """Over the whole volume with a scale per channel: PyTorch's group normalisation with one group."""
    options: Any = layer.node.layer
    channels = layer.output.channels
    if options.everywhere:
        return TranslatedLayer(_grouped(layer, 1), _learned(layer))
    module = PositionNorm(channels, options.epsilon, elementwise_affine=bool(layer.parameters))
    return TranslatedLayer(module, _learned(layer))


def _grouped(layer: PlannedLayer, groups: int) -> Any:
    options: Any = layer.node.layer
    affine = bool(layer.parameters)
    return nn.GroupNorm(groups, layer.output.channels, options.epsilon, affine=affine)


def _local_response(layer: PlannedLayer) -> TranslatedLayer:
    """PyTorch divides alpha by the size."""
    options: Any = layer.node.layer
    if options.within:
        sums = nn.AvgPool2d(options.size, 1, options.size // 2, divisor_override=1)
        weight, beta, added = options.weight, options.beta, options.added
        return TranslatedLayer(Formula(lambda x: x / (added + weight * sums(x * x)) ** beta), {})
    alpha = options.weight * options.size
    return TranslatedLayer(nn.LocalResponseNorm(options.size, alpha, options.beta, options.added), {})


def _local_contrast(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    channels = layer.output.channels
    gaussian = torch.tensor(options.gaussian(channels)).view(options.size, options.size, channels, 1)
    return TranslatedLayer(ContrastNormalisation(gaussian.permute(3, 2, 0, 1).contiguous(), lcn.TINY), {})


def _dropout(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    return TranslatedLayer(nn.Dropout(options.rate), {})


def _branch_left_out(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    return TranslatedLayer(BranchLeftOut(options.rate), {})


MAKERS: dict[type[Layer], Maker] = {
    batch_norm.BatchNorm: _batch,
    group_norm.GroupNorm: _group,
    layer_norm.LayerNorm: _layer,
    lrn.LocalResponseNorm: _local_response,
    lcn.LocalContrastNorm: _local_contrast,
    dropout.Dropout: _dropout,
    stochastic_depth.StochasticDepth: _branch_left_out,
    scale.Scale: _scale,
}
