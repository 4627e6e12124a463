"""Activations, and what closes a network."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from netdsl.backend.torch.own_modules import Formula, Nearness
from netdsl.backend.torch.translated_layer import Maker, TorchArray, TranslatedLayer
from netdsl.layers import (
    elu,
    gelu,
    hard_sigmoid,
    hard_swish,
    leaky_relu,
    maxout,
    mish,
    prelu,
    rbf,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    step,
    tanh,
)
from netdsl.layers.layer import Layer
from netdsl.planning.plan import PlannedLayer


def _plain(kind: Any, **options: Any) -> Maker:
    """A maker of modules without arrays that are the same for every layer of a kind."""
    return lambda layer: TranslatedLayer(kind(**options), {})


def _tanh(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    return TranslatedLayer(
        Formula(lambda x: 1.7159 * torch.tanh(x * 2 / 3)) if options.scaled else nn.Tanh(), {}
    )


def _elu(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    return TranslatedLayer(nn.ELU(options.alpha), {})


def _leaky(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    return TranslatedLayer(nn.LeakyReLU(options.slope), {})


def _parametric(layer: PlannedLayer) -> TranslatedLayer:
    return TranslatedLayer(nn.PReLU(layer.output.channels), {"slope": TorchArray("weight")})


def _maxout(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    pieces = options.pieces
    return TranslatedLayer(Formula(lambda x: x.unflatten(1, (pieces, -1)).amax(dim=1)), {})


def _step(layer: PlannedLayer) -> TranslatedLayer:
    return TranslatedLayer(Formula(lambda x: (x > 0).to(x.dtype)), {})


def _radial(layer: PlannedLayer) -> TranslatedLayer:
    options: Any = layer.node.layer
    return TranslatedLayer(Nearness(torch.tensor(rbf.patterns()[: options.units], dtype=torch.float32)), {})


MAKERS: dict[type[Layer], Maker] = {
    relu.Relu: _plain(nn.ReLU),
    relu6.Relu6: _plain(nn.ReLU6),
    sigmoid.Sigmoid: _plain(nn.Sigmoid),
    hard_sigmoid.HardSigmoid: _plain(nn.Hardsigmoid),
    hard_swish.HardSwish: _plain(nn.Hardswish),
    gelu.Gelu: _plain(nn.GELU),
    selu.Selu: _plain(nn.SELU),
    silu.Silu: _plain(nn.SiLU),
    mish.Mish: _plain(nn.Mish),
    softmax.Softmax: _plain(nn.Softmax, dim=1),
    tanh.Tanh: _tanh,
    elu.Elu: _elu,
    leaky_relu.LeakyRelu: _leaky,
    prelu.Prelu: _parametric,
    maxout.Maxout: _maxout,
    step.Step: _step,
    rbf.Rbf: _radial,
}
