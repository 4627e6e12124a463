"""A few operations of a program as a program of their own, on random numbers, to be timed."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np

from netdsl.backend.session import Store
from netdsl.data.available_memory import available_bytes
from netdsl.primitives.operation import Operation
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program.program import Program, Stored
from netdsl.quantities import FLOAT_BYTES

_RANDOM_NUMBERS = 2**16 + 1
"""How many are drawn; they repeat in longer arrays, out of step with their rows."""


def isolated(operations: Sequence[Operation], program: Program, *, share_results: bool) -> Program:
    """A program of these operations alone, in their order, for as many images.

    All that they read is stored, so that sessions of several variants share it, and with ``share_results``
    what they make for others too; without, that is an output of each session.
    """
    alone = set(operations)
    others = [operation for operation in program.operations if operation not in alone]
    read = {tensor for operation in others for tensor in operation.inputs} | set(program.outputs.values())
    made = dict.fromkeys(tensor for operation in operations for tensor in operation.outputs)
    results = [tensor for tensor in made if tensor in read and tensor.role is Role.VALUE]
    shared = {*results} if share_results else set()
    replaced: dict[Tensor, Tensor] = {}
    for operation in operations:
        for tensor in (*operation.inputs, *operation.outputs):
            inside = tensor in made and tensor.role is Role.VALUE and tensor not in shared
            if not inside and tensor not in replaced:
                replaced[tensor] = Tensor(
                    tensor.name, tensor.shape, batched=tensor.batched, role=Role.STORED, type=tensor.type
                )
    twins = []
    for operation in operations:
        twin = copy(operation)
        twin.inputs = tuple(replaced.get(tensor, tensor) for tensor in operation.inputs)
        twin.outputs = tuple(replaced.get(tensor, tensor) for tensor in operation.outputs)
        twins.append(twin)
    names = {f"{number} {tensor.name}": tensor for number, tensor in enumerate(replaced.values())}
    stored = tuple(
        Stored(name, tensor.full_shape(program.batch), "statistic") for name, tensor in names.items()
    )
    outputs = {f"{n} {tensor.name}": tensor for n, tensor in enumerate(results) if tensor not in shared}
    return program._replace(
        operations=tuple(twins),
        inputs={},
        outputs=outputs,
        stored=stored,
        stored_tensors=names,
        constants={},
    )


def random_store(program: Program) -> Store:
    """Arrays for all that a program stores. Raises MemoryError where they are too large."""
    require_room(FLOAT_BYTES * sum(tensor.count(program.batch) for tensor in program.stored_tensors.values()))
    drawn = np.random.default_rng(1).standard_normal(_RANDOM_NUMBERS, np.float32)
    return {stored.name: np.resize(drawn, stored.shape) for stored in program.stored}


def require_room(needed_bytes: int) -> None:
    """Raise MemoryError for more than half of what the machine can give."""
    available = available_bytes()
    if available is not None and needed_bytes > available // 2:
        raise MemoryError(needed_bytes)
