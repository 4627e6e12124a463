"""From a program to launches in order: what is computed together, in which variant, and where it lies."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.codegen.fusion.epilogue import formulas_at_the_end, with_formula
from netdsl.backend.numba.codegen.fusion.horizontal import MOST_TOGETHER, emit_joined, joined
from netdsl.backend.numba.codegen.fusion.optimizer_update import emit_updating, updates_of
from netdsl.backend.numba.codegen.fusion.shared_weight_read import taken_along
from netdsl.backend.numba.kernel import Launch
from netdsl.backend.numba.schedule.aliasing import share_in_place
from netdsl.backend.numba.schedule.emission import emit, noted
from netdsl.backend.numba.schedule.image_layout import LaneVolumes, operations_in_lanes
from netdsl.backend.numba.target import Target, host
from netdsl.primitives.operation import Operation
from netdsl.primitives.reshape import Reshape
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program.memory import MemoryPlan, plan_memory
from netdsl.program.program import Program


class Layout(NamedTuple):
    """A program as launches, with the place of every value of the step.

    ``owner`` maps each tensor to the one whose memory it shares (itself, mostly).
    """

    launches: tuple[Launch, ...]
    owner: dict[Tensor, Tensor]
    memory: MemoryPlan
    scratch_floats: int


def lay_out(program: Program, machine: Target | None = None) -> Layout:
    """Emit every primitive and plan the arena, for this machine unless another is said.

    Allocates nothing, compiles nothing.
    """
    machine = machine or host().target
    owner: dict[Tensor, Tensor] = {}
    launches: list[Launch] = []
    lanes = LaneVolumes(program.batch, machine, owner, launches)
    in_lanes = operations_in_lanes(program, machine)
    updates = updates_of(program)
    ends = formulas_at_the_end(program, in_lanes | {*updates})
    along = taken_along(program, updates, machine)
    used_up: set[Operation] = {update for chain in updates.values() for update in chain}
    used_up.update(along.values())
    for number, operation in enumerate(program.operations):
        if operation in used_up:
            continue
        if operation in updates:
            lanes.restore(operation.inputs, operation.phase)
            launches += emit_updating(
                operation,
                updates[operation],
                program.batch,
                machine,
                paired=program.precision == "bf16",
                before=along.get(operation),
            )
            continue
        if operation in in_lanes:
            launches += lanes.emit(operation)
            continue
        following = program.operations[number : number + MOST_TOGETHER]
        together = joined(following, program.batch)
        if len(together) > 1 and not used_up.intersection(together) and not in_lanes.intersection(together):
            for one in together:
                lanes.restore(one.inputs, one.phase)
            launches += noted(emit_joined(together, program.batch, machine), *together)
            used_up.update(together)
            continue
        at_the_end = ends.get(operation)
        read = (*operation.inputs, *(at_the_end.inputs if at_the_end is not None else ()))
        lanes.restore(read, operation.phase)
        if isinstance(operation, Reshape):
            x = operation.inputs[0]
            owner[operation.outputs[0]] = owner.get(x, x)
        plain = emit(
            operation,
            program.batch,
            machine,
            exact=program.exact,
            precision=program.precision,
            forms=program.forms,
        )
        if at_the_end is not None:
            ended = with_formula(plain, at_the_end, operation.outputs[0], program.batch)
            used_up.update({at_the_end} if ended else ())
            plain = ended or plain
        launches += plain
    lanes.restore(program.outputs.values())
    share_in_place(launches, owner, [*program.outputs.values()])
    touched = [[owner.get(tensor, tensor) for tensor in launch.tensors] for launch in launches]
    values = {tensor for tensors in touched for tensor in tensors if tensor.role is Role.VALUE}
    sizes = {tensor: tensor.size_bytes(program.batch) for tensor in values}
    kept = [owner.get(tensor, tensor) for tensor in program.outputs.values()]
    memory = plan_memory(touched, sizes, kept)
    scratch = max((launch.scratch_floats for launch in launches), default=0)
    return Layout(tuple(launches), owner, memory, scratch)
