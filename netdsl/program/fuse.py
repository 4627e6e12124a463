"""Fusion: formulas that feed formulas become one, and what nobody reads is left out."""

from __future__ import annotations

from collections import Counter
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
"""Of the same: however many are in a row, no kernel is longer, and compiling takes as long as kernels are."""


def fuse(operations: tuple[Operation, ...], outputs: tuple[Tensor, ...]) -> tuple[Operation, ...]:
    """The same computation in fewer operations.

    An elementwise result that one formula alone reads, at the same positions, is computed inside
    that formula and never stored: bias, activation and mask become one pass over memory.
    """
    kept = _without_unread(operations, outputs)
    fusion = _Fusion(kept, outputs)
    fused = [
        fusion.merge(operation, position) if isinstance(operation, Elementwise | Reduction) else operation
        for position, operation in enumerate(kept)
    ]
    return tuple(operation for position, operation in enumerate(fused) if position not in fusion.inlined)


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


class _Fusion:
    """What has been found out while operations are fused in their order."""

    def __init__(self, operations: list[Operation], outputs: tuple[Tensor, ...]) -> None:
        self.outputs = outputs
        self.readers = Counter(tensor for operation in operations for tensor in operation.inputs)
        self.written_at: dict[Tensor, list[int]] = {}
        for position, operation in enumerate(operations):
            for tensor in operation.outputs:
                if tensor.role is Role.STORED:
                    self.written_at.setdefault(tensor, []).append(position)
        self.producers: dict[Tensor, _Producer] = {}
        self.inlined: set[int] = set()

    def merge(self, operation: Elementwise | Reduction, position: int) -> Operation:
        """The operation with the formulas of its inputs put in their places where that is sound."""
        inputs: list[Tensor] = []
        operands: dict[int, Expression] = {}
        calls = operation.expression.calls
        for number, tensor in enumerate(operation.inputs):
            found = self.producers.get(tensor)
            if (
                found is None
                or calls + found.calls > MOST_CALLS
                or not self._may_move(tensor, found, operation, position)
            ):
                operands[number] = operand(len(inputs))
                inputs.append(tensor)
                continue
            calls += found.calls
            self.inlined.add(found.position)
            own = found.operation.inputs
            shift = {index: operand(len(inputs) + index) for index in range(len(own))}
            operands[number] = found.operation.expression.substitute(shift)
            inputs.extend(own)
        expression, kept = pruned(operation.expression.substitute(operands), tuple(inputs))
        merged = _like(operation, expression, kept)
        if isinstance(merged, Elementwise):
            self.producers[merged.outputs[0]] = _Producer(position, merged, calls)
        return merged

    def _may_move(
        self, tensor: Tensor, found: _Producer, operation: Elementwise | Reduction, position: int
    ) -> bool:
        """Whether a tensor may as well be computed where alone it is read."""
        if isinstance(operation, Reduction):
            domain = (operation.shape, operation.batched)
        else:
            output = operation.outputs[0]
            domain = (leading_ones(output.shape), output.batched)
        sources = found.operation.inputs
        return (
            tensor.role is Role.VALUE
            and tensor not in self.outputs
            and self.readers[tensor] == 1
            and (leading_ones(tensor.shape), tensor.batched) == domain
            and len(sources) + len(operation.inputs) <= MOST_INPUTS
            and not any(
                found.position < moment < position
                for source in sources
                for moment in self.written_at.get(source, ())
            )
        )


def _like(
    model: Elementwise | Reduction, expression: Expression, inputs: tuple[Tensor, ...]
) -> Elementwise | Reduction:
    """The same operation with another formula."""
    made: Elementwise | Reduction
    if isinstance(model, Reduction):
        made = Reduction(
            model.outputs[0],
            expression,
            inputs,
            shape=model.shape,
            batched=model.batched,
            maximum=model.maximum,
        )
    else:
        made = Elementwise(model.outputs[0], expression, inputs)
    made.origin, made.phase = model.origin, model.phase
    return made
