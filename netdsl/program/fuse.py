"""Fusion: formulas that feed formulas become one, and what nobody reads is left out."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.primitives.builder import leading_ones, pruned
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.expression import Expression, operand
from netdsl.primitives.operation import Operation
from netdsl.primitives.reduction import Reduction
from netdsl.primitives.tensor import Role, Tensor

MOST_INPUTS = 8
"""Of a formula that takes in another one, and of that one, together."""

MOST_CALLS = 100
"""Of the same: whatever stands in a row, no kernel is longer, and compiling takes as long as kernels are."""


def fuse(operations: tuple[Operation, ...], outputs: tuple[Tensor, ...]) -> tuple[Operation, ...]:
    """The same computation in fewer operations.

    An elementwise result that one formula alone reads, at the same positions, is computed inside
    that formula and never stored: bias, activation and mask become one pass over memory.
    """
    kept = _without_unread(operations, outputs)
    readers: dict[Tensor, int] = {}
    for operation in kept:
        for tensor in operation.inputs:
            readers[tensor] = readers.get(tensor, 0) + 1
    written_at: dict[Tensor, list[int]] = {}
    for position, operation in enumerate(kept):
        for tensor in operation.outputs:
            if tensor.role is Role.STORED:
                written_at.setdefault(tensor, []).append(position)

    producer: dict[Tensor, _Producer] = {}
    inlined: set[int] = set()
    fused: list[Operation] = []
    for position, operation in enumerate(kept):
        if isinstance(operation, Elementwise | Reduction):
            merged, calls = _merge(operation, position, producer, readers, written_at, outputs, inlined)
            fused.append(merged)
            if isinstance(merged, Elementwise):
                producer[merged.outputs[0]] = _Producer(position, merged, calls)
        else:
            fused.append(operation)
    return tuple(operation for position, operation in enumerate(fused) if position not in inlined)


class _Producer(NamedTuple):
    """What makes a tensor, and how many calls the formulas that became it have together."""

    position: int
    operation: Elementwise
    calls: int


def _without_unread(operations: tuple[Operation, ...], outputs: tuple[Tensor, ...]) -> list[Operation]:
    """Leave out operations whose results nobody reads, from the end backwards."""
    read = set(outputs)
    kept = []
    for operation in reversed(operations):
        if any(tensor in read or tensor.role is Role.STORED for tensor in operation.outputs):
            read.update(operation.inputs)
            kept.append(operation)
    kept.reverse()
    return kept


def _merge(
    operation: Elementwise | Reduction,
    position: int,
    producer: dict[Tensor, _Producer],
    readers: dict[Tensor, int],
    written_at: dict[Tensor, list[int]],
    outputs: tuple[Tensor, ...],
    inlined: set[int],
) -> tuple[Operation, int]:
    """The operation with the formulas of its inputs put in their places where that is sound; its calls."""
    if isinstance(operation, Reduction):
        domain = (operation.shape, operation.batched)
    else:
        output = operation.outputs[0]
        domain = (leading_ones(output.shape), output.batched)
    inputs: list[Tensor] = []
    places: dict[int, Expression] = {}
    calls = operation.expression.calls
    for number, tensor in enumerate(operation.inputs):
        found = producer.get(tensor)
        same_positions = (leading_ones(tensor.shape), tensor.batched) == domain
        if (
            found is None
            or tensor.role is not Role.VALUE
            or tensor in outputs
            or readers[tensor] != 1
            or not same_positions
            or len(found.operation.inputs) + len(operation.inputs) > MOST_INPUTS
            or calls + found.calls > MOST_CALLS
            or any(
                found.position < moment < position
                for source in found.operation.inputs
                for moment in written_at.get(source, ())
            )
        ):
            places[number] = operand(len(inputs))
            inputs.append(tensor)
            continue
        calls += found.calls
        inlined.add(found.position)
        shift = {index: operand(len(inputs) + index) for index in range(len(found.operation.inputs))}
        places[number] = found.operation.expression.substitute(shift)
        inputs.extend(found.operation.inputs)
    expression, kept = pruned(operation.expression.substitute(places), tuple(inputs))
    if isinstance(operation, Reduction):
        merged: Operation = Reduction(
            operation.outputs[0],
            expression,
            kept,
            shape=operation.shape,
            batched=operation.batched,
            maximum=operation.maximum,
        )
    else:
        merged = Elementwise(operation.outputs[0], expression, kept)
    merged.origin, merged.phase = operation.origin, operation.phase
    return merged, calls
