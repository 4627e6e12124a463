"""A plan as PyTorch modules, for tools that count modules: torchinfo and fvcore."""

from __future__ import annotations

import torch
from torch import nn

from netdsl.planning.plan import Plan, PlannedLayer


class PlanModule(nn.Module):
    """One module for each layer, called in the order of the plan."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.parts = nn.ModuleList(_module(planned) for planned in plan.layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values: list[torch.Tensor] = []
        for planned, part in zip(self.plan.layers, self.parts, strict=True):
            inputs = [values[index] for index in planned.node.inputs] or [x]
            kind = planned.node.layer.keyword
            if kind == "FC":
                inputs = [inputs[0].flatten(1)]
            values.append(sum(inputs[1:], start=inputs[0]) if kind == "ADD" else part(inputs[0]))
        return values[-1]


def _module(planned: PlannedLayer) -> nn.Module:
    layer = planned.node.layer
    kind = layer.keyword
    if not planned.inputs or kind == "ADD":
        return nn.Identity()
    x, y = planned.inputs[0], planned.output
    if kind in ("CONV", "DEPTHWISE", "DECONV"):
        groups = x.channels if kind == "DEPTHWISE" else layer.groups
        window = nn.ConvTranspose2d if kind == "DECONV" else nn.Conv2d
        sizes = {"stride": tuple(layer.stride), "padding": (layer.padding.top, layer.padding.left)}
        bias = layer.bias
        return window(x.channels, y.channels, tuple(layer.kernel), groups=groups, bias=bias, **sizes)
    if kind == "AVG POOL" and layer.whole:
        return nn.AdaptiveAvgPool2d(1)
    if kind in ("MAX POOL", "AVG POOL"):
        window = nn.MaxPool2d if kind == "MAX POOL" else nn.AvgPool2d
        moving = layer.moving(x)
        return window(tuple(moving.kernel), tuple(moving.stride), (moving.padding.top, moving.padding.left))
    simple = {
        "FC": lambda: nn.Linear(x.values, y.channels, bias=layer.bias),
        "BN": lambda: nn.BatchNorm2d(x.channels),
        "GN": lambda: nn.GroupNorm(layer.groups, x.channels),
        "NORM": lambda: nn.LocalResponseNorm(layer.size),
        "PRELU": lambda: nn.PReLU(x.channels),
        "RELU": nn.ReLU,
        "DROPOUT": nn.Dropout,
        "UPSAMPLE": lambda: nn.Upsample(scale_factor=tuple(map(float, layer.factor))),
    }
    return simple[kind]()
