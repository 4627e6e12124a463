"""From a program to launches in order, pass by pass: what is computed together, how, and where it is.

A pass takes a Schedule and gives one; ``PASSES`` are all there are, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import NamedTuple

from netdsl.backend.numba.codegen.fusion.epilogue import with_formula
from netdsl.backend.numba.codegen.fusion.horizontal import emit_joined
from netdsl.backend.numba.codegen.fusion.optimizer_update import emit_updating
from netdsl.backend.numba.kernel import Launch, labelled
from netdsl.backend.numba.schedule.aliasing import share_in_place
from netdsl.backend.numba.schedule.cost_model import MOST_TOGETHER
from netdsl.backend.numba.schedule.emission import emit
from netdsl.backend.numba.schedule.fusions import (
    computed_together,
    formulas_at_the_end,
    shared_weight_gradients,
    updates_of,
)
from netdsl.backend.numba.schedule.image_layout import ImageVectors, operations_on_image_vectors
from netdsl.backend.numba.target import Target, host
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.matmul import MatmulInputGradient
from netdsl.primitives.operation import Operation
from netdsl.primitives.reshape import Reshape
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program.arena import MemoryPlan, plan_memory
from netdsl.program.program import Program


class GroupKind(Enum):
    """How the operations of a group are computed."""

    ALONE = "by itself"
    IMAGES = "on vectors of images"
    UPDATE = "used up by the optimizer's formulas"
    EPILOGUE = "with a formula at the end"
    TOGETHER = "in one launch"


class Group(NamedTuple):
    """Operations that are computed together, at the position of the first.

    ``before`` is a gradient of inputs computed in the pass of an update. ``reads`` are tensors that are
    needed besides the operations' own. ``launches`` are there as soon as they are known.
    """

    operations: tuple[Operation, ...]
    kind: GroupKind = GroupKind.ALONE
    before: MatmulInputGradient | None = None
    reads: tuple[Tensor, ...] = ()
    launches: tuple[Launch, ...] = ()


class Schedule(NamedTuple):
    """A program as groups in order.

    ``launches`` are all of a step, once they are known; ``owner`` then maps a tensor to the one whose
    memory it shares.
    """

    program: Program
    target: Target
    groups: tuple[Group, ...]
    launches: tuple[Launch, ...] = ()
    owner: Mapping[Tensor, Tensor] = {}

    def members(self, *kinds: GroupKind) -> frozenset[Operation]:
        """The operations of groups of these kinds."""
        return frozenset(
            operation for group in self.groups if group.kind in kinds for operation in group.operations
        )

    def with_groups(self, changed: Mapping[Operation, Group]) -> Schedule:
        """With other groups at the positions of some operations; what these take in stands nowhere else."""
        taken = {
            operation: first
            for first, group in changed.items()
            for operation in (*group.operations, *([group.before] if group.before else []))
        }
        groups = []
        for group in self.groups:
            first = group.operations[0]
            if first in changed:
                groups.append(changed[first])
            elif first not in taken:
                groups.append(group)
        return self._replace(groups=tuple(groups))


Pass = Callable[[Schedule], Schedule]


def vectors_of_images(schedule: Schedule) -> Schedule:
    """Layers of few channels take as many images as a vector has numbers at once."""
    found = operations_on_image_vectors(schedule.program, schedule.target)
    return schedule.with_groups({operation: Group((operation,), GroupKind.IMAGES) for operation in found})


def updates_at_once(schedule: Schedule) -> Schedule:
    """Large weight gradients are used up by the optimizer's formulas, tile by tile, and never stored."""
    updates = updates_of(schedule.program)
    return schedule.with_groups(
        {gradient: Group((gradient, *chain), GroupKind.UPDATE) for gradient, chain in updates.items()}
    )


def shared_weight_reads(schedule: Schedule) -> Schedule:
    """A fully connected layer computes its input gradient in the same pass as the update of its weights."""
    groups = {group.operations[0]: group for group in schedule.groups if group.kind is GroupKind.UPDATE}
    chains = {first: _formulas(group.operations[1:]) for first, group in groups.items()}
    gradients = shared_weight_gradients(schedule.program, chains, schedule.target)
    return schedule.with_groups(
        {first: groups[first]._replace(before=before) for first, before in gradients.items()}
    )


def epilogues(schedule: Schedule) -> Schedule:
    """A formula that alone reads a product is computed at the end of its kernel."""
    program = schedule.program
    left_out = schedule.members(GroupKind.IMAGES) | {
        group.operations[0] for group in schedule.groups if group.kind is GroupKind.UPDATE
    }
    changed = {}
    for operation, at_the_end in formulas_at_the_end(program, left_out).items():
        plain = _emitted(operation, schedule)
        ended = with_formula(plain, at_the_end, operation.outputs[0], program.batch)
        changed[operation] = (
            Group((operation, at_the_end), GroupKind.EPILOGUE, launches=tuple(ended))
            if ended
            else Group((operation,), reads=at_the_end.inputs, launches=tuple(plain))
        )
    return schedule.with_groups(changed)


def one_launch_for_several(schedule: Schedule) -> Schedule:
    """Reductions of the same images, and formulas of the same numbers, take one launch."""
    program = schedule.program
    alone = schedule.members(GroupKind.ALONE)
    used: set[Operation] = set()
    changed = {}
    for number, operation in enumerate(program.operations):
        if operation in used or operation not in alone:
            continue
        together = computed_together(program.operations[number : number + MOST_TOGETHER], program.batch)
        if len(together) > 1 and alone.issuperset(together) and used.isdisjoint(together):
            changed[operation] = Group(tuple(together), GroupKind.TOGETHER)
            used.update(together)
    return schedule.with_groups(changed)


def launches_in_order(schedule: Schedule) -> Schedule:
    """Every group as launches, with changes between the two orders of images where they are needed."""
    program, target = schedule.program, schedule.target
    owner: dict[Tensor, Tensor] = {}
    launches: list[Launch] = []
    image_vectors = ImageVectors(program.batch, target, owner, launches)
    groups = []
    for group in schedule.groups:
        first = group.operations[0]
        if group.kind is GroupKind.IMAGES:
            found = image_vectors.emit(first)
        else:
            for operation in (
                group.operations if group.kind in (GroupKind.EPILOGUE, GroupKind.TOGETHER) else (first,)
            ):
                image_vectors.restore(
                    operation.inputs, first.phase if group.kind is GroupKind.EPILOGUE else operation.phase
                )
            image_vectors.restore(group.reads, first.phase)
            if isinstance(first, Reshape):
                x = first.inputs[0]
                owner[first.outputs[0]] = owner.get(x, x)
            found = list(group.launches) or _of_group(group, schedule)
        launches += found
        groups.append(group._replace(launches=tuple(found)))
    image_vectors.restore(program.outputs.values())
    return schedule._replace(groups=tuple(groups), launches=tuple(launches), owner=owner)


def results_in_place(schedule: Schedule) -> Schedule:
    """A result takes the memory of an input that nothing reads afterwards."""
    owner = dict(schedule.owner)
    share_in_place(schedule.launches, owner, [*schedule.program.outputs.values()])
    return schedule._replace(owner=owner)


PASSES: tuple[Pass, ...] = (
    vectors_of_images,
    updates_at_once,
    shared_weight_reads,
    epilogues,
    one_launch_for_several,
    launches_in_order,
    results_in_place,
)
"""In this order: what an earlier pass has taken is not there for a later one."""


def scheduled(program: Program, target: Target, passes: tuple[Pass, ...] = PASSES) -> Schedule:
    """A program after some passes; before the first, each operation is a separate group."""
    schedule = Schedule(program, target, tuple(Group((operation,)) for operation in program.operations))
    for one in passes:
        schedule = one(schedule)
    return schedule


class Layout(NamedTuple):
    """A program as launches, with the address of every value of the step.

    ``owner`` maps each tensor to the one whose memory it shares (itself, mostly).
    """

    launches: tuple[Launch, ...]
    owner: Mapping[Tensor, Tensor]
    memory: MemoryPlan
    scratch_floats: int


def lay_out(program: Program, target: Target | None = None) -> Layout:
    """Emit every primitive and plan the arena, for this machine unless another is said.

    Allocates nothing, compiles nothing.
    """
    return with_memory(scheduled(program, target or host().target))


def with_memory(schedule: Schedule) -> Layout:
    """What all passes gave, with an offset in the arena for every value."""
    program, launches, owner = schedule.program, schedule.launches, schedule.owner
    touched = [[owner.get(tensor, tensor) for tensor in launch.tensors] for launch in launches]
    values = {tensor for tensors in touched for tensor in tensors if tensor.role is Role.VALUE}
    sizes = {tensor: tensor.size_bytes(program.batch) for tensor in values}
    kept = [owner.get(tensor, tensor) for tensor in program.outputs.values()]
    memory = plan_memory(touched, sizes, kept)
    scratch = max((launch.scratch_floats for launch in launches), default=0)
    return Layout(launches, owner, memory, scratch)


def _formulas(operations: tuple[Operation, ...]) -> tuple[Elementwise, ...]:
    return tuple(operation for operation in operations if isinstance(operation, Elementwise))


def _emitted(operation: Operation, schedule: Schedule) -> list[Launch]:
    program = schedule.program
    return emit(operation, program.batch, schedule.target, program.numerics)


def _of_group(group: Group, schedule: Schedule) -> list[Launch]:
    """The launches of a group that works on one image after the other."""
    program, target = schedule.program, schedule.target
    if group.kind is GroupKind.UPDATE:
        return emit_updating(
            group.operations[0],
            _formulas(group.operations[1:]),
            program.batch,
            target,
            paired=program.numerics.in_bfloat16,
            before=group.before,
        )
    if group.kind is GroupKind.TOGETHER:
        launches = emit_joined(group.operations, program.batch, target)
        return labelled(launches, group.operations[0], "; ".join(map(repr, group.operations)))
    return _emitted(group.operations[0], schedule)
