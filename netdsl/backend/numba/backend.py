"""Binds a program to memory and native code."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from netdsl.backend.numba.cache import DRIVER, Kernels
from netdsl.backend.numba.emit import emit, noted
from netdsl.backend.numba.emit.both_gradients import taken_along
from netdsl.backend.numba.emit.epilogue import formulas_at_the_end, with_formula
from netdsl.backend.numba.emit.joining import MOST_TOGETHER, emit_joined, joined
from netdsl.backend.numba.emit.updating import emit_updating, updates_of
from netdsl.backend.numba.filling import Filling, fill_kernel, spare_floats
from netdsl.backend.numba.image_lanes import LaneVolumes, operations_in_lanes
from netdsl.backend.numba.in_place import share_in_place
from netdsl.backend.numba.kernel import Argument, Launch, Place, Real, Scratch
from netdsl.backend.numba.threads import team
from netdsl.backend.session import (
    Array,
    Batch,
    Images,
    Session,
    Store,
    allow_any,
    check_store,
    constant_arrays,
    given_bytes,
    input_arrays,
    shown,
)
from netdsl.primitives.operation import Operation
from netdsl.primitives.reshape import Reshape
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program.memory import MemoryPlan, plan_memory
from netdsl.program.program import Program
from netdsl.quantities import FLOAT_BYTES

CACHE_LINE = 64

SPARE = ("x", "target")
"""The inputs that a batch fills: there twice where the next batch is prepared during a step."""

ALONE_FLOATS = 4096
"""A launch that touches no more numbers is done sooner by one worker than by several that must meet."""


class Layout(NamedTuple):
    """A program as launches, with the place of every value of the step.

    ``owner`` maps each tensor to the one whose memory it shares (itself, mostly).
    """

    launches: tuple[Launch, ...]
    owner: dict[Tensor, Tensor]
    memory: MemoryPlan
    scratch_floats: int


def lay_out(program: Program) -> Layout:
    """Emit every primitive and plan the arena. Allocates nothing, compiles nothing."""
    owner: dict[Tensor, Tensor] = {}
    launches: list[Launch] = []
    lanes = LaneVolumes(program.batch, owner, launches)
    in_lanes = operations_in_lanes(program)
    updates = updates_of(program)
    ends = formulas_at_the_end(program, in_lanes | {*updates})
    along = taken_along(program, updates)
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
            launches += noted(emit_joined(together, program.batch), *together)
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


class NumbaSession:
    """A program bound to one arena; see Session.

    Its kernels are loaded when it is made ready, or runs for the first time.
    """

    def __init__(
        self, program: Program, layout: Layout, store: Store, threads: int, kernels: Kernels
    ) -> None:
        check_store(program, store)
        kernels.expect([DRIVER, *(launch.kernel for launch in layout.launches)])
        self._layout = layout
        self._program = program
        self._store = store
        self._kernels = kernels
        self._threads = threads
        self.inputs = input_arrays(program)
        self._spare: dict[str, Array] = {}
        self._input_places: list[tuple[Array, int, Tensor]] = []
        self._scratch_stride = _scratch_bytes(layout) // 4
        self.arena_bytes = _arena_bytes(layout, threads)
        self._arena = np.zeros(self.arena_bytes + CACHE_LINE, np.uint8)
        self._base = -(-self._arena.ctypes.data // CACHE_LINE) * CACHE_LINE
        self._addresses = {program.inputs[name]: array.ctypes.data for name, array in self.inputs.items()}
        for name, tensor in program.stored_tensors.items():
            self._addresses[tensor] = store[name].ctypes.data
        self._constants = constant_arrays(program)
        for tensor, array in self._constants.items():
            self._addresses[tensor] = array.ctypes.data
        self._arguments: list[Array] = []
        self._filling = Filling(kernels, threads)
        self._table: Array | None = None
        self.outputs = {name: self._view(tensor) for name, tensor in program.outputs.items()}

    def _address(self, tensor: Tensor) -> int:
        tensor = self._layout.owner.get(tensor, tensor)
        if tensor in self._addresses:
            return self._addresses[tensor]
        return self._base + self._layout.memory.slots[tensor].offset_bytes

    def _number(self, argument: Argument) -> int:
        if isinstance(argument, int):
            return argument
        if isinstance(argument, Place):
            return self._address(argument.tensor)
        if isinstance(argument, Real):
            bits: int = struct.unpack("<i", struct.pack("<f", argument.value))[0]
            return bits
        assert isinstance(argument, Scratch)
        return self._base + self._layout.memory.arena_bytes

    def make_ready(self, images: Images | None = None, *, changes: bool = False) -> None:
        if self._table is None:
            kernels, launches = self._kernels, self._layout.launches
            filling = [] if images is None else [fill_kernel(images, changes=changes)]
            kernels.load([DRIVER, *(launch.kernel for launch in launches), *filling], self._threads)
            table = self._bind(kernels)
            self._team = team(self._threads, kernels.driver())
            self._table = table
            # Before the last launch, so that what it writes is still in the cache when the next step
            # reads it. The workers do not meet behind it, for nothing in this step does.
            self._filling_table = np.concatenate([table[:-1], self._filling.row, table[-1:]])
            self._filling_table[-2, 3] = 0

    @property
    def table(self) -> Array:
        """The launches of a step, a row each: function, arguments, items, whether the workers meet after."""
        self.make_ready()
        assert self._table is not None
        return self._table

    def _bind(self, kernels: Kernels) -> Array:
        """The launches as rows; items are negative where one worker does them all.

        Two such launches run in order without a meeting.
        """
        launches = self._layout.launches
        table = np.zeros((len(launches), 4), np.int64)
        for number, launch in enumerate(launches):
            numbers = [self._number(argument) for argument in launch.arguments]
            if launch.scratch_floats:
                # The argument after the scratch address is the distance between workers.
                place = next(n for n, a in enumerate(launch.arguments) if isinstance(a, Scratch))
                numbers[place + 1] = self._scratch_stride
            self._arguments.append(np.array(numbers, np.int64))
            self._input_places += [
                (self._arguments[-1], place, tensor)
                for place, tensor in self._places(launch)
                if tensor.role is Role.INPUT
            ]
            alone = self._runs_alone(launch)
            last = number + 1 == len(launches)
            meets = last or not (alone and self._runs_alone(launches[number + 1]))
            address = kernels.address(launch.kernel)
            items = -launch.items if alone else launch.items
            table[number] = (address, self._arguments[-1].ctypes.data, items, meets)
        return table

    def _places(self, launch: Launch) -> Iterator[tuple[int, Tensor]]:
        """Which arguments of a launch are addresses, and of whose memory."""
        for place, argument in enumerate(launch.arguments):
            if isinstance(argument, Place):
                yield place, self._layout.owner.get(argument.tensor, argument.tensor)

    def _runs_alone(self, launch: Launch) -> bool:
        """Whether one worker does all of a launch."""
        touched = sum(tensor.count(self._program.batch) for tensor in launch.tensors)
        return launch.items == 1 or touched <= ALONE_FLOATS

    def _view(self, tensor: Tensor) -> Array:
        """The memory of an output as an array."""
        start = self._address(tensor) - self._arena.ctypes.data
        raw = self._arena[start : start + tensor.size_bytes(self._program.batch)]
        return shown(raw.view(np.float32).reshape(tensor.full_shape(self._program.batch)), tensor.batched)

    @property
    def launches(self) -> tuple[Launch, ...]:
        """The launches of a step, one per row of ``table``."""
        return self._layout.launches

    def fill(self, batch: Batch) -> None:
        self.make_ready()
        self._filling.aim(batch, self.inputs["x"], self.inputs["target"])
        self.run_table(self._filling.row)

    def run(self, following: tuple[Session, Batch] | None = None) -> None:
        if following is None:
            self.run_table(self.table)
            return
        self.make_ready()
        session, batch = following
        inputs = self._spare_inputs() if session is self else session.inputs
        self._filling.aim(batch, inputs["x"], inputs["target"])
        self._filling_table[-2, :3] = self._filling.row[0, :3]
        self.run_table(self._filling_table)
        if session is self:
            self._exchange_inputs()

    def _spare_inputs(self) -> dict[str, Array]:
        """A second set of the inputs that a batch fills."""
        if not self._spare:
            self._spare = {name: np.zeros_like(self.inputs[name]) for name in SPARE}
        return self._spare

    def _exchange_inputs(self) -> None:
        """Let the step work on the spare inputs from now on."""
        for name, spare in self._spare.items():
            self._spare[name], self.inputs[name] = self.inputs[name], spare
            self._addresses[self._program.inputs[name]] = spare.ctypes.data
        for arguments, place, tensor in self._input_places:
            arguments[place] = self._addresses[tensor]

    def run_table(self, table: Array) -> None:
        """Run a table of launches on the session's threads."""
        self._team.run(table.ctypes.data, len(table))


def _scratch_bytes(layout: Layout) -> int:
    """What each worker has for itself."""
    return -(-layout.scratch_floats * 4 // CACHE_LINE) * CACHE_LINE + CACHE_LINE


def _arena_bytes(layout: Layout, threads: int) -> int:
    return layout.memory.arena_bytes + _scratch_bytes(layout) * threads


class NumbaPrepared:
    """A program laid out for native code."""

    def __init__(self, program: Program, threads: int, kernels: Kernels) -> None:
        self._program = program
        self._threads = threads
        self._kernels = kernels
        self._layout = lay_out(program)

    def needed_bytes(self, *, repeated: bool, changes: bool = False) -> int:
        program = self._program
        spare = [program.inputs[name] for name in SPARE] if repeated else []
        filled = sum(tensor.size_bytes(program.batch) for tensor in spare)
        if changes:
            shape = program.inputs["x"].full_shape(program.batch)
            filled += FLOAT_BYTES * spare_floats(self._threads, shape[0], shape[1:])
        return _arena_bytes(self._layout, self._threads) + CACHE_LINE + given_bytes(program) + filled

    def bind(self, store: Store) -> NumbaSession:
        return NumbaSession(self._program, self._layout, store, self._threads, self._kernels)


class NumbaBackend:
    """Native code on all cores; results do not depend on how many there are."""

    name = "numba"

    def __init__(self) -> None:
        self.kernels = Kernels()

    @property
    def problem(self) -> str:
        return self.kernels.problem

    def prepare(self, program: Program, threads: int) -> NumbaPrepared:
        return NumbaPrepared(program, threads, self.kernels)

    def bind(
        self, program: Program, store: Store, threads: int, allow: Callable[[int], None] = allow_any
    ) -> NumbaSession:
        prepared = self.prepare(program, threads)
        allow(prepared.needed_bytes(repeated=False))
        return prepared.bind(store)


@cache
def open_backend() -> NumbaBackend:
    return NumbaBackend()
