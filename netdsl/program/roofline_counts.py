"""What the layers of a program have to do: multiply-accumulates and compulsory memory traffic."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from netdsl.planning.plan import Plan
from netdsl.primitives.operation import Operation, Phase
from netdsl.primitives.reshape import Reshape
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program.program import Program


class LayerPhase(NamedTuple):
    """What is counted and timed together: the operations of one origin in one phase."""

    origin: str
    phase: Phase


class Traffic(NamedTuple):
    """Bytes that have to be read from and written to memory, each value once."""

    read_bytes: int
    written_bytes: int


def traffic(program: Program) -> dict[LayerPhase, Traffic]:
    """The compulsory traffic of every part, in order of first appearance.

    A part reads what it did not make itself, and writes what others read after it, what outlives the
    step and what the caller reads. What it makes and uses up itself (packed weights, a convolution
    before its bias) need never reach memory and does not count.
    """
    owner: dict[Tensor, Tensor] = {}
    parts: dict[LayerPhase, list[Operation]] = {}
    readers: dict[Tensor, set[LayerPhase | None]] = {}
    for operation in program.operations:
        part = LayerPhase(operation.origin, operation.phase)
        if isinstance(operation, Reshape):
            x = operation.inputs[0]
            owner[operation.outputs[0]] = owner.get(x, x)
            continue
        parts.setdefault(part, []).append(operation)
        for tensor in operation.inputs:
            readers.setdefault(owner.get(tensor, tensor), set()).add(part)
    for tensor in program.outputs.values():
        readers.setdefault(owner.get(tensor, tensor), set()).add(None)
    return {part: _traffic(part, found, owner, readers, program.batch) for part, found in parts.items()}


def _traffic(
    part: LayerPhase,
    operations: list[Operation],
    owner: dict[Tensor, Tensor],
    readers: dict[Tensor, set[LayerPhase | None]],
    batch: int,
) -> Traffic:
    taken: set[Tensor] = set()
    made: set[Tensor] = set()
    for operation in operations:
        taken |= {owner.get(tensor, tensor) for tensor in operation.inputs} - made
        made |= set(operation.outputs)
    left = {tensor for tensor in made if tensor.role is Role.STORED or readers.get(tensor, set()) - {part}}
    return Traffic(_bytes(taken, batch), _bytes(left, batch))


def _bytes(tensors: Iterable[Tensor], batch: int) -> int:
    return sum(tensor.size_bytes(batch) for tensor in tensors)


def macs(plan: Plan, program: Program) -> dict[LayerPhase, int]:
    """Multiply-accumulates of a step for the whole batch, of every layer that has any.

    Backward, a layer with weights computes the gradient to them, and where anything below it learns
    the gradient to its input too: each costs as many as forward.
    """
    passed = {operation.origin for operation in program.operations if operation.phase is not Phase.FORWARD}
    learns: list[bool] = []
    found: dict[LayerPhase, int] = {}
    for layer in plan.layers:
        below = any(learns[source] for source in layer.node.inputs)
        learns.append(below or bool(layer.used_parameters))
        name = layer.node.name
        if layer.macs:
            found[LayerPhase(name, Phase.FORWARD)] = layer.macs * program.batch
            if name in passed:
                gradients = bool(layer.used_parameters) + below
                found[LayerPhase(name, Phase.BACKWARD)] = gradients * layer.macs * program.batch
    return found
