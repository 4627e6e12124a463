"""Computing again instead of keeping: what a cheap formula makes of numbers that are kept anyway.

A normalised and activated volume is read in the forward pass and again, much later, in the backward pass.
Its formula takes one pass over memory, and the convolution's result that it starts from is kept for
the gradient of the normalisation as it is: so it is freed and recomputed where it is next read.
After Chen, Xu, Zhang, Guestrin, 2016, "Training Deep Nets with Sublinear Memory Cost", and Pleiss and
others, 2017, "Memory-Efficient Implementation of DenseNets".
"""

from __future__ import annotations

import copy

from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.operation import Operation, Phase
from netdsl.primitives.tensor import Role, Tensor


def compute_again(operations: tuple[Operation, ...], outputs: tuple[Tensor, ...]) -> tuple[Operation, ...]:
    """The same computation with less to keep between the forward and the backward pass."""
    late: dict[Tensor, list[int]] = {}
    written: dict[Tensor, list[int]] = {}
    for position, operation in enumerate(operations):
        for tensor in operation.outputs:
            written.setdefault(tensor, []).append(position)
        if operation.phase is not Phase.FORWARD:
            for tensor in operation.inputs:
                late.setdefault(tensor, []).append(position)
    again: dict[Tensor, Tensor] = {}
    inserted: dict[int, list[Operation]] = {}
    for operation in operations:
        if not isinstance(operation, Elementwise) or operation.phase is not Phase.FORWARD:
            continue
        y = operation.outputs[0]
        if y.role is not Role.VALUE or not y.batched or y in outputs or y not in late:
            continue
        moment = late[y][0]
        if not all(_there(tensor, moment, late, written, again) for tensor in operation.inputs):
            continue
        again[y] = Tensor(f"{y.name}.again", y.shape, batched=True)
        repeated = Elementwise(again[y], operation.expression, operation.inputs)
        repeated.origin, repeated.phase = operation.origin, Phase.BACKWARD
        inserted.setdefault(moment, []).append(repeated)
    found: list[Operation] = []
    for position, operation in enumerate(operations):
        found += inserted.get(position, [])
        found.append(_with(operation, again) if operation.phase is not Phase.FORWARD else operation)
    return tuple(found)


def _there(
    tensor: Tensor,
    moment: int,
    late: dict[Tensor, list[int]],
    written: dict[Tensor, list[int]],
    again: dict[Tensor, Tensor],
) -> bool:
    """Whether a number of the forward pass is still there at a moment of the backward pass, unchanged, or
    is so small that keeping it costs nothing."""
    if tensor.role is Role.STORED:
        return all(change > moment for change in written.get(tensor, ()))
    if tensor.role is not Role.VALUE or not tensor.batched:
        return True
    return tensor not in again and any(position >= moment for position in late.get(tensor, ()))


def _with(operation: Operation, again: dict[Tensor, Tensor]) -> Operation:
    """The operation with what is computed again in place of what was freed."""
    if not any(tensor in again for tensor in operation.inputs):
        return operation
    changed = copy.copy(operation)
    changed.inputs = tuple(again.get(tensor, tensor) for tensor in operation.inputs)
    return changed
