"""Binds a program to NumPy arrays and runs it primitive by primitive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from netdsl.backend.numpy.primitives import COMPUTE
from netdsl.backend.session import (
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
    write_batch,
)
from netdsl.primitives.operation import Operation
from netdsl.primitives.tensor import Role, Type
from netdsl.program.program import Program


class NumpySession:
    """One array per tensor. ``float64=True`` computes in double precision, for gradient checks."""

    def __init__(self, program: Program, store: Store, *, float64: bool = False) -> None:
        if not float64:
            check_store(program, store)
        self._program = program
        self.inputs = input_arrays(program)
        number: Any = np.float64 if float64 else np.float32
        self._values = {program.inputs[name]: array for name, array in self.inputs.items()}
        if float64:
            self.inputs = {
                name: array.astype(number) if array.dtype == np.float32 else array
                for name, array in self.inputs.items()
            }
            self._values = {program.inputs[name]: array for name, array in self.inputs.items()}
        for name, tensor in program.stored_tensors.items():
            self._values[tensor] = store[name]
        for tensor, array in constant_arrays(program).items():
            self._values[tensor] = array.astype(number)
        self.arena_bytes = 0
        for operation in program.operations:
            for tensor in operation.outputs:
                if tensor.role is Role.VALUE:
                    kind = number if tensor.type is Type.FLOAT32 else tensor.type.value[0]
                    self._values[tensor] = np.zeros(tensor.full_shape(program.batch), kind)
                    self.arena_bytes += self._values[tensor].nbytes
        self.outputs = {
            name: shown(self._values[tensor], tensor.batched) for name, tensor in program.outputs.items()
        }

    def make_ready(self, images: Images | None = None, *, changes: bool = False) -> None:
        """Nothing is left to do."""

    def fill(self, batch: Batch) -> None:
        write_batch(self.inputs, batch)

    def run(self, following: tuple[Session, Batch] | None = None) -> None:
        with np.errstate(all="ignore"):  # as compiled code does: who asks for results looks at them
            for operation in self._program.operations:
                COMPUTE[type(operation)](operation, self._values)
        if following is not None:
            session, batch = following
            session.fill(batch)

    def first_not_finite(self) -> Operation | None:
        """Compute a step up to the first operation with a NaN or an infinity in what it writes."""
        with np.errstate(all="ignore"):
            for operation in self._program.operations:
                COMPUTE[type(operation)](operation, self._values)
                if not all(np.isfinite(self._values[tensor]).all() for tensor in operation.outputs):
                    return operation
        return None


class NumpyPrepared:
    """A program for NumPy: every result of an operation has its own array."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def needed_bytes(self, *, repeated: bool, changes: bool = False) -> int:
        results = {t for op in self._program.operations for t in op.outputs if t.role is Role.VALUE}
        return given_bytes(self._program) + sum(t.size_bytes(self._program.batch) for t in results)

    def bind(self, store: Store) -> NumpySession:
        return NumpySession(self._program, store)


class NumpyBackend:
    """The executable specification."""

    name = "numpy"
    problem = ""

    def prepare(self, program: Program, threads: int) -> NumpyPrepared:
        """One thread whatever ``threads`` says: NumPy decides by itself."""
        return NumpyPrepared(program)

    def bind(
        self, program: Program, store: Store, threads: int, allow: Callable[[int], None] = allow_any
    ) -> NumpySession:
        prepared = self.prepare(program, threads)
        allow(prepared.needed_bytes(repeated=False))
        return prepared.bind(store)


def open_backend() -> NumpyBackend:
    return NumpyBackend()
