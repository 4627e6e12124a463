"""Layers without a module of PyTorch's: the primitives that they write, computed with its functions.

Formulas, their sums, products of matrices and parts of volumes are known. PyTorch derives the gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from netdsl.backend.torch.translated_layer import TorchArray, TranslatedLayer, Untranslatable
from netdsl.planning.plan import PlannedLayer
from netdsl.primitives.builder import Builder, leading_ones
from netdsl.primitives.concatenation import Concatenation
from netdsl.primitives.crop import Crop
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.expression import ARITHMETIC, Expression
from netdsl.primitives.functions.function import for_vectors
from netdsl.primitives.matmul import Matmul
from netdsl.primitives.operation import Operation
from netdsl.primitives.reduction import Reduction
from netdsl.primitives.reshape import Reshape
from netdsl.primitives.tensor import Tensor

Values = dict[Tensor, Any]


class Lowered(nn.Module):  # type: ignore[misc]
    """A layer as its primitives, lowered anew for each number of images; takes and gives channels first.

    Its parameters have our shapes and are called ``own_`` and our name.
    """

    def __init__(self, layer: PlannedLayer) -> None:
        super().__init__()
        self._layer = layer
        self._written: dict[tuple[int, bool], _Written] = {}
        for parameter in layer.used_parameters:
            array = torch.full(parameter.shape, parameter.initial)
            self.register_parameter(f"own_{parameter.name}", nn.Parameter(array))

    def forward(self, *inputs: Any) -> Any:
        batch = len(inputs[0])
        written = self._written.get((batch, self.training))
        if written is None:
            written = self._written[batch, self.training] = _Written(self._layer, batch, self.training)
        values: Values = {
            tensor: inputs[0].new_tensor(numbers).reshape(tensor.shape)
            for tensor, numbers in written.constants.items()
        }
        values |= {tensor: x.permute(0, 2, 3, 1) for tensor, x in zip(written.inputs, inputs, strict=True)}
        values |= {tensor: getattr(self, f"own_{name}") for name, tensor in written.parameters.items()}
        for operation in written.operations:
            values[operation.outputs[0]] = COMPUTE[type(operation)](operation, values)
        return values[written.output].permute(0, 3, 1, 2)


class _Written:
    """What a layer writes for a number of images."""

    def __init__(self, layer: PlannedLayer, batch: int, training: bool) -> None:
        build = Builder(batch, training=training)
        build.origin = layer.node.name
        used = layer.used_parameters
        self.parameters = {
            one.name: build.store(f"{build.origin}.{one.name}", one.shape, learnable=True) for one in used
        }
        for statistic in layer.used_statistics:
            build.store(f"{build.origin}.{statistic.name}", statistic.shape)
        self.inputs = [Tensor(f"input {n}", volume.shape) for n, volume in enumerate(layer.inputs)]
        self.output = layer.node.layer.lower(build, *self.inputs)
        self.operations = build.operations
        self.constants = build.constants


def lowered(layer: PlannedLayer) -> TranslatedLayer:
    """The layer as its primitives; Untranslatable where PyTorch has no form of one of them."""
    written = _Written(layer, 2, True)
    keyword = layer.node.layer.keyword
    if layer.used_statistics:
        raise Untranslatable(f"no PyTorch form of {keyword} is known, which keeps statistics")
    unknown = [operation.name for operation in written.operations if type(operation) not in COMPUTE]
    if unknown:
        raise Untranslatable(f"no PyTorch form of {keyword} is known, nor of its primitive `{unknown[0]}`")
    return TranslatedLayer(Lowered(layer), {name: TorchArray(f"own_{name}") for name in written.parameters})


def _aligned(tensor: Tensor, values: Values) -> Any:
    """(batch or 1, height, width, channels), with leading ones where a tensor has fewer extents."""
    value = values[tensor]
    return value.reshape(len(value) if tensor.batched else 1, *leading_ones(tensor.shape))


def _elementwise(op: Elementwise, values: Values) -> Any:
    found = _computed(op.expression, [_aligned(tensor, values) for tensor in op.inputs])
    output = op.outputs[0]
    batch = max((len(values[tensor]) for tensor in op.inputs if tensor.batched), default=1)
    found = found.broadcast_to(batch if output.batched else 1, *leading_ones(output.shape))
    return found if output.batched else found.reshape(output.shape)


def _reduction(op: Reduction, values: Values) -> Any:
    operands = [_aligned(tensor, values) for tensor in op.inputs]
    found = _computed(op.expression, operands)
    batch = max(len(operand) for operand in operands)
    whole = found.broadcast_to(batch if op.batched else 1, *op.shape)
    output = op.outputs[0]
    extents = (batch if output.batched else 1, *leading_ones(output.shape))
    axes = tuple(axis for axis in range(4) if extents[axis] == 1)
    reduced = whole.amax(axes, keepdim=True) if op.maximum else whole.sum(axes, keepdim=True)
    return reduced if output.batched else reduced.reshape(output.shape)


def _reshape(op: Reshape, values: Values) -> Any:
    x = values[op.inputs[0]]
    return (
        x.reshape(len(x), *op.outputs[0].shape) if op.outputs[0].batched else x.reshape(op.outputs[0].shape)
    )


def _matmul(op: Matmul, values: Values) -> Any:
    x, w = (values[tensor] for tensor in op.inputs)
    return (x.flatten(1) @ w)[:, None, None, :]


def _crop(op: Crop, values: Values) -> Any:
    sides: list[int] = []
    extents = zip(op.offset, op.inputs[0].shape, op.outputs[0].shape, strict=True)
    for start, big, small in reversed(list(extents)):
        sides += [-start, start + small - big]
    return functional.pad(values[op.inputs[0]], sides)


def _concatenation(op: Concatenation, values: Values) -> Any:
    return torch.cat([values[tensor] for tensor in op.inputs], dim=3)


COMPUTE: dict[type[Operation], Callable[[Any, Values], Any]] = {
    Elementwise: _elementwise,
    Reduction: _reduction,
    Reshape: _reshape,
    Matmul: _matmul,
    Crop: _crop,
    Concatenation: _concatenation,
}
"""The primitives that PyTorch's functions stand for."""


_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": torch.add,
    "subtract": torch.subtract,
    "multiply": torch.multiply,
    "divide": torch.divide,
    "maximum": lambda a, b: torch.where(b > a, b, a),
    "greater": lambda a, b: (a > b).to(a.dtype),
    "select": lambda condition, a, b: torch.where(condition != 0, a, b),
    "relu": torch.relu,
    "square_root": torch.sqrt,
    "power": torch.pow,
}
assert set(_ARITHMETIC) == ARITHMETIC


def _computed(expression: Expression, operands: list[Any]) -> Any:
    """The value of a formula; PyTorch calls the functions that have intrinsics as we do."""
    expression = for_vectors(expression)
    values: dict[Expression, Any] = {}
    for node in expression.walk():
        if node.function == "operand":
            values[node] = operands[int(node.value)]
        elif node.constant:
            values[node] = operands[0].new_tensor(node.value)
        else:
            known = node.function in ARITHMETIC
            function = _ARITHMETIC[node.function] if known else getattr(torch, node.function)
            values[node] = function(*(values[argument] for argument in node.arguments))
    return values[expression]
