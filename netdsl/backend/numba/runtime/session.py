"""Binds a program to memory and native code."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from netdsl.backend.numba.compile.cache import DRIVER, Kernels
from netdsl.backend.numba.kernel import Argument, Launch, Pointer, Real, Scratch
from netdsl.backend.numba.runtime.batch_loader import Filling, fill_kernel
from netdsl.backend.numba.runtime.threads import thread_pool
from netdsl.backend.numba.schedule.schedule import Layout
from netdsl.backend.session import (
    Array,
    Batch,
    Images,
    Session,
    Store,
    check_store,
    constant_arrays,
    input_arrays,
    shown,
)
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program.program import Program

CACHE_LINE = 64

SPARE = ("x", "target")
"""The inputs that a batch fills: there twice where the next batch is prepared during a step."""

ALONE_FLOATS = 4096
"""A launch that touches no more numbers is done sooner by one worker than by several that must meet."""


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
        self._input_pointers: list[tuple[Array, int, Tensor]] = []
        self._scratch_stride = _scratch_bytes(layout) // 4
        self.arena_bytes = arena_bytes(layout, threads)
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
        if isinstance(argument, Pointer):
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
            self._thread_pool = thread_pool(self._threads, kernels.driver())
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
                index = next(n for n, a in enumerate(launch.arguments) if isinstance(a, Scratch))
                numbers[index + 1] = self._scratch_stride
            self._arguments.append(np.array(numbers, np.int64))
            self._input_pointers += [
                (self._arguments[-1], index, tensor)
                for index, tensor in self._pointers(launch)
                if tensor.role is Role.INPUT
            ]
            alone = self._runs_alone(launch)
            last = number + 1 == len(launches)
            meets = last or not (alone and self._runs_alone(launches[number + 1]))
            address = kernels.address(launch.kernel)
            items = -launch.items if alone else launch.items
            table[number] = (address, self._arguments[-1].ctypes.data, items, meets)
        return table

    def _pointers(self, launch: Launch) -> Iterator[tuple[int, Tensor]]:
        """Which arguments of a launch are addresses, and of whose memory."""
        for index, argument in enumerate(launch.arguments):
            if isinstance(argument, Pointer):
                yield index, self._layout.owner.get(argument.tensor, argument.tensor)

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
        for arguments, index, tensor in self._input_pointers:
            arguments[index] = self._addresses[tensor]

    def run_table(self, table: Array) -> None:
        """Run a table of launches on the session's threads."""
        self._thread_pool.run(table.ctypes.data, len(table))


def _scratch_bytes(layout: Layout) -> int:
    """What each worker has for itself."""
    return -(-layout.scratch_floats * 4 // CACHE_LINE) * CACHE_LINE + CACHE_LINE


def arena_bytes(layout: Layout, threads: int) -> int:
    return layout.memory.arena_bytes + _scratch_bytes(layout) * threads
