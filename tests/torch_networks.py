"""The same networks in PyTorch, for comparison: NHWC in and out, weights shared by name.

Written a second time, from the layers' formulas and not from ``netdsl/backend/torch``, so that a mistake in
that translation shows. A kind without a form here is translated by its ``lowered``.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
import torch.nn.functional as functional

from netdsl.backend.torch.lowered import lowered
from netdsl.layers.rbf import patterns
from netdsl.planning.plan import Plan, PlannedLayer


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
    """The output of the last layer, (batch, values) in the order height, width, channels."""
    values: list[torch.Tensor] = []
    for layer in plan.layers:
        own = {p.name: weights[f"{layer.node.owner}.{p.name}"] for p in layer.used_parameters}
        sources = [values[source] for source in layer.node.inputs]
        values.append(_layer(layer, own, sources or [_given(plan, layer.node.name, x)]))
    return values[-1].permute(0, 2, 3, 1).flatten(1)


def _given(plan: Plan, name: str, x: np.ndarray) -> torch.Tensor:
    """What an input takes of the examples."""
    part = next(part for part in plan.example.parts if part.name == name)
    count = part.volume.channels if plan.example.stacked else part.volume.values
    numbers = x[..., part.first : part.first + count].reshape(len(x), *part.volume.shape)
    return torch.tensor(numbers).permute(0, 3, 1, 2)


def _layer(layer: PlannedLayer, own: dict[str, torch.Tensor], inputs: list[torch.Tensor]) -> torch.Tensor:
    options = layer.node.layer
    kind = options.keyword
    x = inputs[0]
    if kind == "INPUT":
        return x
    if kind in ("CONV", "DEPTHWISE"):
        moving = options.moving(layer.inputs[0])
        weights = own["weights"].permute(3, 2, 0, 1)
        groups = options.groups if kind == "CONV" else x.shape[1]
        dilation = tuple(options.dilation)
        if kind == "CONV" and options.table is not None:
            seen = [[float(c in row) for c in range(x.shape[1])] for row in options.table]
            weights = weights * torch.tensor(seen)[:, :, None, None]
        return functional.conv2d(
            _around(x, moving.padding), weights, own.get("bias"), tuple(moving.stride), 0, dilation, groups
        )
    if kind == "DECONV":
        return _deconv(options, own, x)
    if kind == "LOCAL":
        return _local(layer, own, x)
    if kind == "FC":
        row = x.permute(0, 2, 3, 1).flatten(1) @ own["weights"]
        row = row + own["bias"] if "bias" in own else row
        return row[:, :, None, None]
    if kind in ("MAX POOL", "AVG POOL", "SUBSAMPLE"):
        return _pool(layer, own, x)
    if kind == "NORM" and options.region == "within":
        area = options.size**2
        mean = functional.avg_pool2d(x * x, options.size, 1, options.size // 2)
        return x * (options.added + options.weight * area * mean) ** -options.beta
    if kind == "NORM":
        return functional.local_response_norm(
            x, options.size, options.weight * options.size, options.beta, options.added
        )
    if kind == "BN":
        return functional.batch_norm(
            x, None, None, own.get("scale"), own.get("shift"), training=True, eps=options.added
        )
    if kind in ("DROPOUT", "STOCHASTIC DEPTH") and options.rate == 0:
        return x
    if kind == "FLATTEN":
        return x.permute(0, 2, 3, 1).flatten(1)[:, :, None, None]
    if kind in ("UPSAMPLE", "CROP", "PAD", "RESHAPE", "ADD", "CONCAT", "MULTIPLY", "SLICE", "REORG"):
        return _moved(layer, inputs)
    if kind == "RBF":
        centres = torch.tensor(patterns()[: options.units])
        row = x.permute(0, 2, 3, 1).flatten(1)
        return -((row[:, None, :] - centres) ** 2).sum(dim=2)[:, :, None, None]
    if kind == "UNPOOL":
        _, places = functional.max_pool2d(inputs[1], 2, return_indices=True)
        return functional.max_unpool2d(x, places, 2)
    if kind == "MAXOUT":
        return x.view(x.shape[0], options.pieces, -1, *x.shape[2:]).amax(dim=1)
    if kind in ("GN", "LN"):
        if kind == "LN" and options.per == "position":
            rows, arrays = x.permute(0, 2, 3, 1), (own.get("scale"), own.get("shift"))
            return functional.layer_norm(rows, x.shape[1:2], *arrays, options.epsilon).permute(0, 3, 1, 2)
        groups = options.groups if kind == "GN" else 1
        return functional.group_norm(x, groups, own.get("scale"), own.get("shift"), options.epsilon)
    if kind == "LCN":
        return _contrast(options, x)
    if kind == "SHUFFLE":
        return functional.channel_shuffle(x, options.groups)
    if kind == "PIXEL UNSHUFFLE":
        return functional.pixel_unshuffle(x, options.stride.height)
    if kind == "PIXEL SHUFFLE":
        return functional.pixel_shuffle(x, options.stride.height)
    if kind == "DEPTH TO SPACE":
        rows, columns = options.stride
        y = x.new_zeros(x.shape[0], *_channels_first(layer.output))
        for place, part in enumerate(x.chunk(rows * columns, dim=1)):
            y[:, :, place // columns :: rows, place % columns :: columns] = part
        return y
    if kind == "SPACE TO DEPTH":
        rows, columns = options.stride
        places = [x[:, :, a::rows, b::columns] for a in range(rows) for b in range(columns)]
        return torch.cat(places, dim=1)
    if kind == "SCALE":
        y = x * own["scale"][:, None, None]
        return y + own["shift"][:, None, None] if "shift" in own else y
    if kind == "PRELU":
        return functional.prelu(x, own["slope"])
    if kind == "TANH" and options.scaled:
        return 1.7159 * torch.tanh(x * 2 / 3)
    simple = {
        "RELU": functional.relu,
        "SIGMOID": torch.sigmoid,
        "TANH": torch.tanh,
        "SOFTMAX": lambda value: functional.softmax(value, dim=1),
        "ELU": lambda value: functional.elu(value, options.alpha),
        "SELU": functional.selu,
        "GELU": functional.gelu,
        "SILU": functional.silu,
        "MISH": functional.mish,
        "HARD SIGMOID": functional.hardsigmoid,
        "HARD SWISH": functional.hardswish,
        "RELU6": functional.relu6,
        "STEP": lambda value: (value > 0).float(),
        "LEAKY RELU": lambda value: functional.leaky_relu(value, options.slope),
    }
    return simple[kind](x) if kind in simple else _as_written(layer, own, inputs)


def _as_written(
    layer: PlannedLayer, own: dict[str, torch.Tensor], inputs: list[torch.Tensor]
) -> torch.Tensor:
    """A layer that PyTorch has nothing for: its primitives, of which PyTorch derives the gradients."""
    part = lowered(layer)
    return torch.func.functional_call(
        part.module, {place.name: own[name] for name, place in part.arrays.items()}, tuple(inputs)
    )


def _around(x: torch.Tensor, padding) -> torch.Tensor:
    return functional.pad(x, (padding.left, padding.right, padding.top, padding.bottom))


def _deconv(options, own: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    cut = options.cut()
    weights = own["weights"].permute(3, 2, 0, 1)
    return functional.conv_transpose2d(
        x, weights, own.get("bias"), tuple(options.stride), (cut.top, cut.left), groups=options.groups
    )


def _local(layer: PlannedLayer, own: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    options = layer.node.layer
    padded = _around(x, options.moving(layer.inputs[0]).padding)
    patches = functional.unfold(padded, tuple(options.kernel), stride=tuple(options.stride))
    area = options.kernel.height * options.kernel.width
    patches = patches.view(x.shape[0], x.shape[1], area, -1).permute(0, 3, 2, 1).flatten(2)
    found = torch.einsum("npk,pkf->npf", patches, own["weights"])
    found = found.view(x.shape[0], *layer.output.size, -1)
    found = found + own["bias"] if "bias" in own else found
    return found.permute(0, 3, 1, 2)


def _moved(layer: PlannedLayer, inputs: list[torch.Tensor]) -> torch.Tensor:
    options, x = layer.node.layer, inputs[0]
    kind = options.keyword
    if kind == "UPSAMPLE" and options.mode == "bilinear":
        size = layer.output.size
        return functional.interpolate(x, tuple(size), mode="bilinear", align_corners=options.corners)
    if kind == "UPSAMPLE" and options.extent is not None:
        mode = "nearest-exact" if options.dialect.name == "tensorflow" else "nearest"
        return functional.interpolate(x, tuple(layer.output.size), mode=mode)
    if kind == "UPSAMPLE":
        return functional.interpolate(x, scale_factor=tuple(map(float, options.factor)), mode="nearest")
    if kind == "CROP":
        top, left = options.corner(layer.inputs[0])
        return x[:, :, top : top + options.extent.height, left : left + options.extent.width]
    if kind == "SLICE":
        taken = [c for first, last in options.ranges(layer.inputs[0]) for c in range(first, last + 1)]
        return x[:, taken]
    if kind == "REORG":
        return x.flatten(1)[:, reorg_places(layer)].view(x.shape[0], *_channels_first(layer.output))
    if kind == "PAD":
        more = layer.output.channels - x.shape[1]
        zeros = options.zeros()
        return functional.pad(x, (zeros.left, zeros.right, zeros.top, zeros.bottom, 0, more))
    if kind == "RESHAPE":
        return x.permute(0, 2, 3, 1).reshape(x.shape[0], *layer.output.shape).permute(0, 3, 1, 2)
    if kind == "ADD":
        factors = options.factors or [1] * len(inputs)
        return sum(factor * value for factor, value in zip(factors, inputs, strict=True))
    if kind == "CONCAT":
        return torch.cat(inputs, dim=1)
    return torch.stack(torch.broadcast_tensors(*inputs)).prod(dim=0)


def _channels_first(volume) -> tuple[int, int, int]:
    return volume.channels, volume.height, volume.width


def reorg_places(layer: PlannedLayer) -> list[int]:
    """Where each number of Darknet's reorganisation comes from, channels first: place by place."""
    (x,) = layer.inputs
    rows, columns = layer.node.layer.stride
    parts = x.channels // (rows * columns)
    found = []
    for channel, i, j in itertools.product(range(x.channels), range(x.height), range(x.width)):
        place, plane = divmod(channel, parts)
        row, column = i * rows + place // columns, j * columns + place % columns
        found.append((plane * x.height * rows + row) * x.width * columns + column)
    return found


def _pool(layer: PlannedLayer, own: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    options = layer.node.layer
    moving = options.moving(layer.inputs[0])
    kernel, stride = tuple(moving.kernel), tuple(moving.stride)
    padding = (moving.padding.top, moving.padding.left)
    if options.keyword == "SUBSAMPLE":
        sums = functional.avg_pool2d(x, kernel, stride) * (kernel[0] * kernel[1])
        return sums * own["coefficient"][:, None, None] + own["bias"][:, None, None]
    # Whether positions are rounded up is the option's word or the dialect's: the volume shows it.
    covered = [(o - 1) * s + k for o, s, k in zip(layer.output.size, stride, kernel, strict=True)]
    padded = [extent + 2 * zeros for extent, zeros in zip(layer.inputs[0].size, padding, strict=True)]
    ceil = any(reach > extent for reach, extent in zip(covered, padded, strict=True))
    if options.keyword == "MAX POOL":
        return functional.max_pool2d(x, kernel, stride, padding, ceil_mode=ceil)
    inside = options.dialect.average_counts == "IMAGE"
    return functional.avg_pool2d(x, kernel, stride, padding, ceil_mode=ceil, count_include_pad=not inside)


def _contrast(options, x: torch.Tensor) -> torch.Tensor:
    channels, half = x.shape[1], options.size // 2
    weights = torch.tensor(options.gaussian(channels)).view(options.size, options.size, channels, 1)
    weights = weights.permute(3, 2, 0, 1)
    centred = x - functional.conv2d(x, weights, padding=half)
    contrast = (functional.conv2d(centred**2, weights, padding=half) + 1e-8).sqrt()
    floor = torch.maximum(contrast, contrast.mean(dim=(1, 2, 3), keepdim=True))
    return centred / floor
