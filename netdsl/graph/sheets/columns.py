"""What the columns of a table of layers say, by their heads and their cells."""

from __future__ import annotations

import re

from netdsl.graph.sheets.markup import plain

LABEL, LAYER, TEXT, FILTERS, KERNEL, STRIDE, PADDING = (
    "label",
    "layer",
    "text",
    "filters",
    "kernel",
    "stride",
    "padding",
)
ACTIVATION, OUTPUT, INPUT, COMING = "activation", "output", "input", "coming"
DROP, NORM, POOL, TIMES, DILATION, GROUPS = "dropout", "norm", "pool", "times", "dilation", "groups"
EITHER, IDLE, SIZE, COUNTS = "either", "idle", "size", "counts"

_HEADS = {
    LABEL: (
        "no, index, id, step, stage, nr, name, order, layer name, layer number, number of layer, layer "
        "index, layer id, layer no, part, section"
    ),
    LAYER: (
        "layer, type, kind, operation, operator, op, module, component, block, layers, layer type, type "
        "of layer, block type, operations, layer/type, layer operation, architecture, network, "
        "structure, layer title, title, layer description and type"
    ),
    TEXT: (
        "description, detail, details, configuration, config, setting, settings, specification, "
        "hyperparameters, hyper parameters, options, arguments, descriptions, properties, spec, specs, "
        "parameters and details, attributes, information, info, layer information, layer description, "
        "layer details, hyperparameter, layer parameters, definition"
    ),
    FILTERS: (
        "channels, channel, depth, maps, units, unit, neurons, neuron, nodes, node, features, width, "
        "output channels, output channel, out channels, out channel, number of filters, number of "
        "kernels, feature maps, number of channels, number of units, number of neurons, number of "
        "nodes, hidden units, output depth, number of feature maps, filter count, output features, out "
        "features, output maps, output units, number of output channels, number of maps, output dim, "
        "out ch, cout, c out, number of outputs, outputs number"
    ),
    EITHER: "filter, filters, kernel, kernels",
    KERNEL: (
        "window, f, k, kernel size, filter size, kernel shape, filter shape, window size, pool size, "
        "patch size, patch, filter dimensions, kernel dimensions, size of kernel, size of filter, "
        "filters size, kernels size, ksize, size of filters, pooling size, filter dimension, kernel "
        "dimension, weight shape, weights shape, filter dim"
    ),
    SIZE: "size, shape",
    STRIDE: "stride, strides, s, stride size, step, steps",
    PADDING: "padding, pad, pads, p, zero padding, zero pad",
    ACTIVATION: (
        "activation, nonlinearity, activations, act, activation function, non linearity, activation "
        "functions, activation type, nonlinear function, transfer function"
    ),
    OUTPUT: (
        "output, outputs, volume, tensor, out, output size, output shape, output volume, output "
        "dimensions, output dimension, volume size, tensor shape, tensor size, activation shape, "
        "activation size, size of output, feature map size, feature map, feature map shape, output "
        "feature map, dimensions, dimension, output tensor, activation map, output feature map size, "
        "output volume size, resulting size, resulting volume, output map size, activation volume, "
        "activation map dimensions, activation volume dimensions, size output, resolution, output "
        "resolution, shape of output, shapes, feature size, spatial size, map size, feature maps size, "
        "size of feature map, in out, spatial dimensions"
    ),
    INPUT: (
        "input, inputs, in, input size, input shape, input volume, input dimensions, input dimension, "
        "input tensor, input dim, input dims, in dim, in shape, in size"
    ),
    COMING: (
        "cin, input channels, in channels, input channel, in channel, in ch, c in, in features, input "
        "features, input depth"
    ),
    DROP: "dropout, dropout rate, drop rate, drop",
    NORM: (
        "bn, norm, normalization, normalisation, batchnorm, batch norm, batch normalization, batch "
        "normalisation"
    ),
    POOL: "pooling, pool, pooling layer, max pool, max pooling",
    TIMES: (
        "repeat, repeats, repetitions, times, n, repeated, blocks, number of blocks, number of layers, "
        "number of repeats"
    ),
    DILATION: "dilation, dilation rate",
    GROUPS: "groups",
    COUNTS: (
        "param, params, parameters, parameter, weights, biases, bias, weight, macs, mac, flops, memory, "
        "madds, mult adds, number of parameters, number of weights, number of biases, trainable "
        "parameters, learnable parameters, parameter count, param count, trainable params, total "
        "parameters, parameters number, trainable, connections, number of connections, number of "
        "params, weights matrix, weight matrix, bias vector, "
        "total params, learnables, multiply adds, additional parameters, number of trainable "
        "parameters, number of learnable parameters, param number, ops, weights number"
    ),
    IDLE: (
        "role, purpose, notes, note, comment, comments, remark, remarks, rf, meaning, why, function, "
        "explanation, effect, receptive field, rf in, rf out, jump in, jump out, regularization, "
        "regularisation, calculation, formula, status, training status, initialization, initializer, "
        "output calculation, parameter calculation, input type, use"
    ),
}


_ROLES = {head: role for role, written in _HEADS.items() for head in written.split(", ")}
_COUNTED = re.compile(
    r"\A(?:#|№|no\.?(?: of)?|nr\.?(?: of)?|num\.?(?: of)?|number of)[ \t]*(?=[a-z])"
    r"|[ \t]*(?:#|number|count)\Z"
)
_OPTION = re.compile(r"kernel|filter|strid|pad|unit|neuron|rate|activation|window|size", re.IGNORECASE)
_TOLD = re.compile(
    r"\bparam|\bflop|\bmacs?\b|\bmemory\b|\bweights?\b|\bbytes?\b|\b[kmg]i?b\b|\blatency\b|\bcycles\b",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[ \t]*[(\[][^()\[\]]*[)\]][ \t]*\Z")
_FIGURES = re.compile(r"[~≈<>]?[ \t]*[0-9][0-9,. ]*[ \t]*[kKmMgGbB%]?i?[bB]?\Z")
_SIZED = re.compile(r"[0-9][ \t]*[x×*,][ \t]*[0-9]")


def is_empty(cell: str) -> bool:
    """Whether a cell says nothing: ``-``, ``n/a``."""
    return not cell or re.fullmatch(r"[-–—−_/.· ]+|n/?a|none|null|nil", cell, re.IGNORECASE) is not None


def role_of(head: str) -> str:
    """The role of a column; empty where its head is not known. ``kernel/stride`` for two in one."""
    text = re.sub(r"[-_]+", " ", plain(head)).strip(" .:*").lower()
    if text in ("#", "№", ""):
        return LABEL
    direct = _ROLES.get(text) or _ROLES.get(re.sub(r"[ \t]+", " ", _UNIT.sub("", text)))
    if direct:
        return direct
    counted = _COUNTED.sub("", _UNIT.sub("", text)).strip()
    if counted != text and counted in _ROLES:
        role = _ROLES[counted]
        return (
            FILTERS
            if role in (EITHER, FILTERS)
            else COUNTS
            if role == COUNTS
            else LABEL
            if role == LAYER
            else role
        )
    if _TOLD.search(text):
        return COUNTS
    parts = [part.strip() for part in re.split(r"[ \t]*(?:/|,|&|\+|\band\b|\bor\b)[ \t]*", text)]
    roles = [role_of(part) for part in parts] if len(parts) > 1 else []
    roles = [KERNEL if role in (EITHER, SIZE) and len(set(roles)) > 1 else role for role in roles]
    if roles and all(roles) and not any("/" in role for role in roles):
        return roles[0] if len(set(roles)) == 1 else "/".join(roles)
    return ""


def settled(roles: list[str], columns: list[list[str]]) -> list[str]:
    """The roles of columns whose heads leave them open, by what stands in them."""
    found = []
    sizes = [sum(bool(_SIZED.search(cell)) for cell in column) for column in columns]
    either = [size for role, size in zip(roles, sizes, strict=True) if role == EITHER]
    for role, column, size in zip(roles, columns, sizes, strict=True):
        cells = [cell for cell in column if not is_empty(cell)]
        sized = size * 2 > len(cells)
        if role == EITHER and len(either) > 1:  # `Filters` beside `Kernel`
            role = KERNEL if size and size == max(either) else FILTERS
        elif role == EITHER:
            role = KERNEL if sized or FILTERS in roles else FILTERS
        elif role == SIZE:
            deep = sum(len(re.findall("[0-9]+", cell)) == 4 for cell in cells) * 2 > len(cells)
            role = KERNEL if deep or not ({KERNEL, EITHER} & set(roles) or _is_deep(cells)) else OUTPUT
        elif (
            role == COUNTS
            and any(_OPTION.search(cell) for cell in cells)
            and not all(_FIGURES.match(cell.rpartition("=")[2].strip()) for cell in cells)
        ):
            role = TEXT if TEXT not in roles else IDLE
        elif role == FILTERS and sized:
            role = OUTPUT if OUTPUT not in roles else IDLE
        found.append(role)
    return found


def _is_deep(cells: list[str]) -> bool:
    """Whether sizes are those of volumes: three extents, or more pixels than a window has."""
    numbers = [[int(number[:6]) for number in re.findall("[0-9]+", cell)] for cell in cells]
    return any(len(extents) == 3 or max(extents, default=0) > 11 for extents in numbers)
