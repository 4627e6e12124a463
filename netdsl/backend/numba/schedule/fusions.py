"""Which operations can be computed together, and whether anything in between forbids it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netdsl.backend.numba.codegen.broadcasting import domain_of, operand_of
from netdsl.backend.numba.codegen.elementwise import chained
from netdsl.backend.numba.codegen.fusion.optimizer_update import as_product
from netdsl.backend.numba.codegen.reduction import reduced_together
from netdsl.backend.numba.schedule.cost_model import MOST_REDUCED, shares_reads, uses_up
from netdsl.backend.numba.target import Target
from netdsl.primitives.builder import leading_ones
from netdsl.primitives.convolution import Convolution
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.matmul import Matmul, MatmulInputGradient, MatmulWeightGradient
from netdsl.primitives.operation import Operation, readers_of
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program.program import Program

Updates = Mapping[Operation, tuple[Elementwise, ...]]
"""Weight gradients with the formulas that use them up."""


def updates_of(program: Program) -> dict[Operation, tuple[Elementwise, ...]]:
    """The weight gradients of a program that can be used up at once, with the updates that use them.

    The updates must be all that reads the gradient, as often as they do, must follow one another, and
    nothing between the gradient and them may touch what they change. Where layers share weights, the updates
    read several gradients: the last one is used up, and those before it are stored.
    """
    operations = program.operations
    positions = {operation: position for position, operation in enumerate(operations)}
    readers = readers_of(operations)
    found: dict[Operation, tuple[Elementwise, ...]] = {}
    taken: set[Elementwise] = set()
    for position, operation in reversed(tuple(enumerate(operations))):
        gradient = operation.outputs[0]
        product = as_product(operation, program.batch)
        # The products of a fully connected layer are as many as images, whatever their number.
        steps = 0 if product is None or isinstance(operation, MatmulWeightGradient) else product.steps
        if product is None or not uses_up(gradient, steps):
            continue
        reading = readers.get(gradient, [])
        if gradient in program.outputs.values() or not reading:
            continue
        updates = _chain(operations[positions[reading[0]] :], gradient)
        if not set(updates).issuperset(reading) or not taken.isdisjoint(updates):
            continue
        changed = {update.outputs[0] for update in updates}
        between = operations[position + 1 : positions[reading[0]]]
        if updates and not any(changed & {*other.inputs, *other.outputs} for other in between):
            found[operation] = updates
            taken.update(updates)
    return found


def _chain(operations: Sequence[Operation], gradient: Tensor) -> tuple[Elementwise, ...]:
    """The update formulas at the beginning, as far as each works number by number."""
    chain: list[Elementwise] = []
    for operation in operations:
        usable = isinstance(operation, Elementwise) and operation.outputs[0].shape == gradient.shape
        if not usable or not all(
            tensor.shape == gradient.shape or tensor.values == 1 for tensor in operation.inputs
        ):
            break
        known = {gradient, *(update.outputs[0] for update in chain)}
        if not any(tensor in known for tensor in operation.inputs):
            break
        assert isinstance(operation, Elementwise)
        chain.append(operation)
    return tuple(chain)


def shared_weight_gradients(
    program: Program, updates: Updates, target: Target
) -> dict[Operation, MatmulInputGradient]:
    """The gradients of inputs that can wait for the update of the weights they read, by the gradient
    of these weights.

    Nothing in between may read them, or change what they read.
    """
    operations = program.operations
    positions = {operation: position for position, operation in enumerate(operations)}
    found: dict[Operation, MatmulInputGradient] = {}
    for position, operation in enumerate(operations):
        if not isinstance(operation, MatmulInputGradient) or operation.outputs[0] in program.outputs.values():
            continue
        dy, w = operation.inputs
        if not shares_reads(w, program.batch, target):
            continue
        for gradient, chain in updates.items():
            if not isinstance(gradient, MatmulWeightGradient) or gradient.inputs[1] is not dy:
                continue
            between = operations[position + 1 : positions[gradient]]
            changed = {dy, w, operation.outputs[0]}
            waits = positions[gradient] > position and not any(
                changed.intersection(other.outputs) or operation.outputs[0] in other.inputs
                for other in between
            )
            if waits and any(update.outputs[0] is w for update in chain):
                found[gradient] = operation
    return found


def formulas_at_the_end(program: Program, left_out: frozenset[Operation]) -> dict[Operation, Elementwise]:
    """The convolutions and matrix products whose result one formula alone reads, which can be computed there.

    All else that the formula reads must be there before the product. ``left_out`` are operations that
    have launches of another kind.
    """
    readers = readers_of(program.operations)
    written: dict[Tensor, list[int]] = {}
    for position, operation in enumerate(program.operations):
        for tensor in operation.outputs:
            written.setdefault(tensor, []).append(position)
    found: dict[Operation, Elementwise] = {}
    for position, operation in enumerate(program.operations):
        if not isinstance(operation, Convolution | Matmul) or operation in left_out:
            continue
        y = operation.outputs[0]
        reading = readers.get(y, [])
        if len(reading) != 1 or y in program.outputs.values():
            continue
        (reader,) = reading
        if not isinstance(reader, Elementwise) or reader in left_out:
            continue
        ready = all(
            tensor is y or all(moment < position for moment in written.get(tensor, ()))
            for tensor in reader.inputs
            if tensor.role is not Role.STORED
        )
        # An update of this step comes behind all that reads the old value.
        if ready and _fits(reader, y, program.batch):
            found[operation] = reader
    return found


def _fits(op: Elementwise, y: Tensor, batch: int) -> bool:
    """Whether each input has a number for each of the output, one for each channel or one for all."""
    z = op.outputs[0]
    if z.role is not Role.VALUE or (leading_ones(z.shape), z.batched) != (leading_ones(y.shape), y.batched):
        return False
    shape = leading_ones(z.shape)
    domain = domain_of(shape, z.batched, batch)
    try:
        operands = [operand_of(tensor, shape) for tensor in op.inputs]
    except ValueError:
        return False
    return all(operand.full(domain) or operand.scalar or operand.per_channel for operand in operands)


def computed_together(following: Sequence[Operation], batch: int) -> list[Operation]:
    """The operations at the beginning that one launch can compute: reductions of the same images, or
    formulas of the same numbers. At most one where nothing is gained."""
    return [*(reduced_together(following[:MOST_REDUCED]) or chained(following, batch))]
