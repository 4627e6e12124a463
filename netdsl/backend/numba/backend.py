"""The compiled backend as all others see it: prepare a program, bind it to arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from netdsl.backend.numba.compile.cache import Kernels
from netdsl.backend.numba.runtime.batch_loader import spare_floats
from netdsl.backend.numba.runtime.session import CACHE_LINE, SPARE, NumbaSession, arena_bytes
from netdsl.backend.numba.schedule.schedule import lay_out
from netdsl.backend.numba.target import Target
from netdsl.backend.session import Store, allow_any, given_bytes
from netdsl.program.program import Program
from netdsl.quantities import FLOAT_BYTES


class NumbaPrepared:
    """A program laid out for native code."""

    def __init__(self, program: Program, threads: int, kernels: Kernels) -> None:
        self._program = program
        self._threads = threads
        self._kernels = kernels
        self._layout = lay_out(program, kernels.target)

    def needed_bytes(self, *, repeated: bool, changes: bool = False) -> int:
        program = self._program
        spare = [program.inputs[name] for name in SPARE] if repeated else []
        filled = sum(tensor.size_bytes(program.batch) for tensor in spare)
        if changes:
            shape = program.inputs["x"].full_shape(program.batch)
            filled += FLOAT_BYTES * spare_floats(self._threads, shape[0], shape[1:])
        return arena_bytes(self._layout, self._threads) + CACHE_LINE + given_bytes(program) + filled

    def bind(self, store: Store) -> NumbaSession:
        return NumbaSession(self._program, self._layout, store, self._threads, self._kernels)


class NumbaBackend:
    """Native code on all cores; results do not depend on how many there are.

    ``target`` is this machine's unless another that it runs is said.
    """

    name = "numba"

    def __init__(self, target: Target | None = None) -> None:
        self.kernels = Kernels(target)

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
