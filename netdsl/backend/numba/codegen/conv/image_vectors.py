"""Primitives on volumes whose vectors are images, and the way into and out of that order.

Pools and formulas treat every channel by itself: to them WIDTH lanes are WIDTH times the channels
of a batch of 1/WIDTH the size, and the usual kernels serve.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netdsl.backend.numba.codegen.conv.convolution import has_unread_inputs
from netdsl.backend.numba.codegen.conv.image_vectors_convolution import (
    emit_image_vectors_convolution,
    emit_image_vectors_input_gradient,
    emit_image_vectors_weight_gradient,
)
from netdsl.backend.numba.codegen.elementwise import emit_image_vectors_elementwise
from netdsl.backend.numba.codegen.pooling import (
    emit_window_average,
    emit_window_average_gradient,
    emit_window_choice,
    emit_window_maximum,
    emit_window_maximum_gradient,
)
from netdsl.backend.numba.codegen.reduction import emit_image_vectors_reduction
from netdsl.backend.numba.codegen.zeros import fill_zeros
from netdsl.backend.numba.kernel import (
    Launch,
    blocks,
    fixed_kernel,
    labelled,
    named,
)
from netdsl.backend.numba.target import Target
from netdsl.primitives.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionWeightGradient,
)
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.operation import Operation, Phase
from netdsl.primitives.reduction import Reduction
from netdsl.primitives.tensor import Tensor
from netdsl.primitives.window import (
    WindowAverage,
    WindowAverageGradient,
    WindowChoice,
    WindowMaximum,
    WindowMaximumGradient,
)

_ITEM_VALUES = 512
"""Numbers of an image that one work item of a change of order moves, for WIDTH images."""

View = Callable[[Tensor], Tensor]


def _input_gradient(
    op: ConvolutionInputGradient, view: View, groups_of_images: int, target: Target
) -> list[Launch]:
    dy, w = op.inputs
    viewed = ConvolutionInputGradient(view(op.outputs[0]), view(dy), w, op.geometry)
    launches = emit_image_vectors_input_gradient(viewed, groups_of_images, target)
    if has_unread_inputs(op):
        return [fill_zeros(viewed.outputs[0], groups_of_images), *launches]
    return launches


def _reduction(op: Reduction, view: View, groups_of_images: int, target: Target) -> list[Launch]:
    height, width, channels = op.shape
    inputs = tuple(view(tensor) if tensor.batched else tensor for tensor in op.inputs)
    shape = (height, width, channels * target.width)
    wide = Reduction(op.outputs[0], op.expression, inputs, shape=shape, batched=True)
    return emit_image_vectors_reduction(wide, target.width, groups_of_images, target)


_EMIT: dict[type[Operation], Callable[[Any, View, int, Target], list[Launch]]] = {
    Convolution: lambda op, view, groups, target: emit_image_vectors_convolution(
        Convolution(view(op.outputs[0]), view(op.inputs[0]), op.inputs[1], op.geometry), groups, target
    ),
    ConvolutionInputGradient: _input_gradient,
    ConvolutionWeightGradient: lambda op, view, groups, target: emit_image_vectors_weight_gradient(
        ConvolutionWeightGradient(op.outputs[0], view(op.inputs[0]), view(op.inputs[1]), op.geometry),
        groups,
        target,
    ),
    Elementwise: lambda op, view, groups, target: emit_image_vectors_elementwise(
        Elementwise(
            view(op.outputs[0]),
            op.expression,
            tuple(view(tensor) if tensor.batched else tensor for tensor in op.inputs),
        ),
        groups,
        target,
    ),
    Reduction: _reduction,
    WindowMaximum: lambda op, view, groups, target: emit_window_maximum(
        WindowMaximum(view(op.outputs[0]), view(op.outputs[1]), view(op.inputs[0]), op.pooling),
        groups,
        target,
    ),
    WindowMaximumGradient: lambda op, view, groups, target: emit_window_maximum_gradient(
        WindowMaximumGradient(view(op.outputs[0]), view(op.inputs[0]), view(op.inputs[1]), op.pooling),
        groups,
        target,
    ),
    WindowChoice: lambda op, view, groups, target: emit_window_choice(
        WindowChoice(view(op.outputs[0]), view(op.inputs[0]), view(op.inputs[1]), op.pooling), groups, target
    ),
    WindowAverage: lambda op, view, groups, target: emit_window_average(
        WindowAverage(view(op.outputs[0]), view(op.inputs[0]), op.pooling), groups, target
    ),
    WindowAverageGradient: lambda op, view, groups, target: emit_window_average_gradient(
        WindowAverageGradient(view(op.outputs[0]), view(op.inputs[0]), op.pooling), groups, target
    ),
}

ON_IMAGE_VECTORS = frozenset(_EMIT)
"""The primitives that have kernels for vectors of images."""


def emit_on_image_vectors(operation: Operation, view: View, batch: int, target: Target) -> list[Launch]:
    """The launches of a primitive; ``view`` gives the WIDTH times as many channels of a tensor."""
    launches = _EMIT[type(operation)](operation, view, batch // target.width, target)
    return labelled(launches, operation, f"{operation!r}, {target.width} images a vector")


def change_order(
    source: Tensor,
    destination: Tensor,
    values: int,
    batch: int,
    target: Target,
    *,
    into: bool,
    origin: str,
    phase: Phase,
) -> Launch:
    """Images one after the other to WIDTH images a vector, or back; ``values`` are those of an image.

    It belongs to the layer ``origin`` in a ``phase`` of the step.
    """
    parts = blocks(values, _ITEM_VALUES)
    name = "into_lanes" if into else "out_of_lanes"
    given = named(source=source, target=destination, values=values, parts=parts)
    made = fixed_kernel(f"change_{name}", given, _body(name, target))
    note = f"{destination} = {source}, {'as' if into else 'from'} {target.width} images a vector"
    items = batch // target.width * parts
    return Launch(made, given.values, items, (destination,), origin=origin, phase=phase, note=note)


def _body(name: str, target: Target) -> str:
    return f"""    for item in range(first, last):
        group = item // parts
        part = item - group * parts
        start = group * values * {target.width * 4}
        stop = min((part + 1) * {_ITEM_VALUES}, values)
        {name}(source + start, values, target + start, part * {_ITEM_VALUES}, stop)
"""
