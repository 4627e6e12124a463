"""The same networks in PyTorch, for comparison: NHWC in and out, weights shared by name."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as functional

from netdsl.plan.plan import Plan, PlannedLayer


def weights_of(plan: Plan, store: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """The parameters of a plan as leaves, in netdsl's shapes."""
    return {
        f"{layer.node.name}.{parameter.name}": torch.tensor(
            store[f"{layer.node.name}.{parameter.name}"], requires_grad=True
        )
        for layer in plan.layers
        for parameter in layer.parameters
    }


def forward(plan: Plan, weights: dict[str, torch.Tensor], x: np.ndarray, *, training: bool) -> torch.Tensor:
    """The output of the last layer, (batch, classes)."""
    value = torch.tensor(x).permute(0, 3, 1, 2)
    for layer in plan.layers:
        name = layer.node.name
        own = {p.name: weights[f"{name}.{p.name}"] for p in layer.parameters}
        value = _layer(layer, own, value, training)
    return value.flatten(1)


def _layer(
    layer: PlannedLayer, own: dict[str, torch.Tensor], x: torch.Tensor, training: bool
) -> torch.Tensor:
    options = layer.node.layer
    kind = options.keyword
    if kind == "INPUT":
        return x
    if kind == "CONV":
        weights = own["weights"].permute(3, 2, 0, 1)
        padding = (options.padding.top, options.padding.left)
        return functional.conv2d(
            x, weights, own.get("bias"), tuple(options.stride), padding, groups=options.groups
        )
    if kind == "FC":
        row = x.permute(0, 2, 3, 1).flatten(1) @ own["weights"]
        row = row + own["bias"] if "bias" in own else row
        return row[:, :, None, None]
    if kind in ("MAX POOL", "AVG POOL"):
        moving = options.moving(layer.inputs[0])
        padding = (moving.padding.top, moving.padding.left)
        if kind == "MAX POOL":
            return functional.max_pool2d(x, tuple(moving.kernel), tuple(moving.stride), padding)
        return functional.avg_pool2d(x, tuple(moving.kernel), tuple(moving.stride), padding)
    if kind == "NORM":
        return functional.local_response_norm(
            x, options.size, options.weight * options.size, options.beta, options.added
        )
    if kind == "BN":
        return functional.batch_norm(
            x, None, None, own["scale"], own["shift"], training=True, eps=options.added
        )
    if kind == "FLATTEN":
        return x.permute(0, 2, 3, 1).flatten(1)[:, :, None, None]
    simple = {
        "RELU": functional.relu,
        "SIGMOID": torch.sigmoid,
        "TANH": torch.tanh,
        "SOFTMAX": lambda value: functional.softmax(value, dim=1),
        "LEAKY RELU": lambda value: functional.leaky_relu(value, options.slope),
    }
    return simple[kind](x)
