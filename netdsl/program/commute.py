"""Activations after the pooling: what is computed for every value is computed for the winners alone.

Adding a bias and cutting off at 0 keeps the order of numbers, so the largest of them is the same before as
after: max(relu(x + b)) = relu(max(x) + b), to the bit. On the way back the gradient of a window goes to its
winner, so it may be masked before it is spread, and a sum of what was spread is the sum of what
came in.
"""

from __future__ import annotations

from typing import NamedTuple

from netdsl.primitives.builder import leading_ones
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.expression import Expression, operand, relu
from netdsl.primitives.operation import Operation, readers_of
from netdsl.primitives.reduction import Reduction
from netdsl.primitives.tensor import Role, Tensor
from netdsl.primitives.window import WindowMaximum, WindowMaximumGradient


def parameters_first(operations: tuple[Operation, ...], outputs: tuple[Tensor, ...]) -> tuple[Operation, ...]:
    """What depends on stored numbers alone comes first, so that it is there for the end of any product."""
    written = {tensor for operation in operations for tensor in operation.outputs}
    first = [
        operation
        for operation in operations
        if operation.inputs
        and all(
            tensor.role in (Role.STORED, Role.CONSTANT) and tensor not in written
            for tensor in operation.inputs
        )
        and all(tensor.role is Role.VALUE for tensor in operation.outputs)
    ]
    moved = set(first)
    return (*first, *(operation for operation in operations if operation not in moved))


class _Found(NamedTuple):
    """An activation and the pooling after it; on the way back the spreading and the mask, or None."""

    activation: Elementwise
    pooling: WindowMaximum
    spreading: WindowMaximumGradient | None
    mask: Elementwise | None


def pool_first(operations: tuple[Operation, ...], outputs: tuple[Tensor, ...]) -> tuple[Operation, ...]:
    """The same computation with activations after the max pooling that alone reads them."""
    readers = readers_of(operations)
    producers: dict[Tensor, Operation] = {}
    for operation in operations:
        for tensor in operation.outputs:
            producers.setdefault(tensor, operation)
    changed: dict[Operation, tuple[Operation, ...]] = {}
    for operation in operations:
        if isinstance(operation, WindowMaximum):
            found = _find(operation, readers, producers, outputs)
            if found is not None:
                changed.update(_moved(found, readers, outputs))
    return tuple(new for old in operations for new in changed.get(old, (old,)))


def _find(
    pooling: WindowMaximum,
    readers: dict[Tensor, list[Operation]],
    producers: dict[Tensor, Operation],
    outputs: tuple[Tensor, ...],
) -> _Found | None:
    active = pooling.inputs[0]
    activation = producers.get(active)
    kernel, padding = pooling.pooling.kernel, pooling.pooling.padding
    # A window that sees padding alone has no winner.
    sees = (
        max(padding.top, padding.bottom) < kernel.height and max(padding.left, padding.right) < kernel.width
    )
    if not sees or active in outputs or not _keeps_order(activation):
        return None
    assert isinstance(activation, Elementwise)
    if activation.inputs[0] in outputs:
        return None
    others = [reader for reader in readers[active] if reader is not pooling]
    if not others:
        return _Found(activation, pooling, None, None)
    mask = others[0]
    if len(others) > 1 or not isinstance(mask, Elementwise) or mask.outputs[0] in outputs:
        return None
    spread = next((tensor for tensor in mask.inputs if tensor is not active), None)
    spreading = producers.get(spread) if spread is not None else None
    fits = (
        isinstance(spreading, WindowMaximumGradient)
        and spreading.inputs[1] is pooling.outputs[1]
        and spreading.pooling == pooling.pooling
        and len(mask.inputs) == 2
        and len(readers[spreading.outputs[0]]) == 1
        and spreading.outputs[0] not in outputs
        and is_product(mask.expression, mask.inputs.index(spreading.outputs[0]))
    )
    if not fits:
        return None
    assert isinstance(spreading, WindowMaximumGradient)
    return _Found(activation, pooling, spreading, mask)


def _keeps_order(operation: Operation | None) -> bool:
    """relu(x) or relu(x + b) or x + b, with one b per channel."""
    if not isinstance(operation, Elementwise) or operation.outputs[0].role is not Role.VALUE:
        return False
    x, y = operation.inputs[0], operation.outputs[0]
    same = (leading_ones(x.shape), x.batched) == (leading_ones(y.shape), y.batched)
    expression = operation.expression
    if expression == relu(operand(0)):
        return same
    if len(operation.inputs) != 2 or expression not in (_BIASED, relu(_BIASED)):
        return False
    bias = operation.inputs[1]
    return same and not bias.batched and leading_ones(bias.shape)[:2] == (1, 1)


_BIASED = operand(0) + operand(1)


def is_product(expression: Expression, number: int) -> bool:
    """Whether it is the operand times something that does not contain it."""
    if expression.function != "multiply":
        return False
    left, right = expression.arguments
    return (left.operand == number and number not in right.operands()) or (
        right.operand == number and number not in left.operands()
    )


def _moved(
    found: _Found, readers: dict[Tensor, list[Operation]], outputs: tuple[Tensor, ...]
) -> dict[Operation, tuple[Operation, ...]]:
    """The replacement of each operation."""
    activation, pooling, spreading, mask = found
    active, (pooled, winner) = activation.outputs[0], pooling.outputs
    largest = Tensor(f"{activation.inputs[0].name}.largest", pooled.shape, batched=pooled.batched)
    first = _like(pooling, WindowMaximum(largest, winner, activation.inputs[0], pooling.pooling))
    after = _like(activation, Elementwise(pooled, activation.expression, (largest, *activation.inputs[1:])))
    changed: dict[Operation, tuple[Operation, ...]] = {activation: (), pooling: (first, after)}
    if spreading is None or mask is None:
        return changed
    dy, dx = spreading.inputs[0], mask.outputs[0]
    masked = Tensor(f"{dx.name}.pooled", dy.shape, batched=dy.batched)
    swap = {active: pooled, spreading.outputs[0]: dy}
    changed[spreading] = ()
    changed[mask] = (
        _like(mask, Elementwise(masked, mask.expression, tuple(swap[tensor] for tensor in mask.inputs))),
        _like(spreading, WindowMaximumGradient(dx, masked, winner, spreading.pooling)),
    )
    for reader in readers.get(dx, ()):
        if _sums_all(reader, dx):
            assert isinstance(reader, Reduction)
            shape = leading_ones(masked.shape)
            total = Reduction(
                reader.outputs[0], reader.expression, (masked,), shape=shape, batched=reader.batched
            )
            changed[reader] = (_like(reader, total),)
    return changed


def _sums_all(reader: Operation, dx: Tensor) -> bool:
    """Whether it is the plain sum over positions and images: the gradient of a bias."""
    if not isinstance(reader, Reduction) or reader.maximum or reader.inputs != (dx,):
        return False
    kept = leading_ones(reader.outputs[0].shape)
    return (
        reader.expression == operand(0) and not reader.outputs[0].batched and kept == (1, 1, reader.shape[2])
    )


def _like(model: Operation, operation: Operation) -> Operation:
    """With the origin and the phase of the operation that it replaces."""
    operation.origin, operation.phase = model.origin, model.phase
    return operation
