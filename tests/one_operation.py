"""One operation or network computed: compiled for a target, by the specification, in double precision."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from building import filled_store

from netdsl.backend import backend
from netdsl.backend.numba.backend import NumbaBackend
from netdsl.backend.numba.target import Target, host
from netdsl.backend.numpy.primitives import COMPUTE
from netdsl.backend.session import Session
from netdsl.primitives.operation import Operation
from netdsl.primitives.tensor import Role
from netdsl.program.program import NO_VARIANTS, Numerics, Program

NARROWER = [
    pytest.param(target, id=target.name, marks=[pytest.mark.ci] if target.width == 4 else [])
    for target in host().targets[1:]
]
"""Targets with narrower vectors that this machine runs, too; those of four numbers show the same again."""


def program_of(
    op: Operation,
    batch: int,
    *,
    exact: bool = False,
    precision: str = "float32",
    variants: Mapping[str, str] = NO_VARIANTS,
) -> Program:
    """The program of an operation alone, whose output is ``result``."""
    for tensor in op.inputs:
        tensor.role = Role.INPUT
    given = {tensor.name: tensor for tensor in op.inputs}
    return Program(
        "test",
        batch,
        (op,),
        given,
        {"result": op.outputs[0]},
        (),
        {},
        {},
        Numerics(exact, precision, variants),
    )


def drawn(op: Operation, batch: int, seed: int = 7) -> dict[str, np.ndarray]:
    """Numbers for its inputs, by name."""
    generator = np.random.default_rng(seed)
    return {t.name: generator.normal(size=t.full_shape(batch)).astype(np.float32) for t in op.inputs}


def doubled(op: Operation, values: Mapping[str, np.ndarray], batch: int) -> np.ndarray:
    """The result in double precision."""
    arrays = {tensor: values[tensor.name].astype(np.float64) for tensor in op.inputs}
    for tensor in op.outputs:
        arrays[tensor] = np.zeros(tensor.full_shape(batch))
    COMPUTE[type(op)](op, arrays)
    return arrays[op.outputs[0]]


def bound(
    program: Program, store, threads: int, kind: str = "numba", target: Target | None = None
) -> Session:
    """A session of a backend, compiled code for ``target`` where it is said."""
    chosen = backend(kind) if target is None else NumbaBackend(target)
    return chosen.bind(program, store, threads)


def computed(
    program: Program, values: Mapping[str, np.ndarray], threads: int, *, target: Target | None = None
) -> np.ndarray:
    """What the program of one operation gives."""
    session = bound(program, {}, threads, target=target)
    for name, value in values.items():
        session.inputs[name][...] = value
    session.run()
    return np.array(session.outputs["result"]).reshape(
        program.operations[0].outputs[0].full_shape(program.batch)
    )


def trained(
    program: Program,
    kind: str = "numba",
    threads: int = 2,
    *,
    steps: int = 3,
    rate: float = 0.05,
    seeds: tuple[int, int] = (1, 2),
    target: Target | None = None,
) -> tuple[dict[str, np.ndarray], list[dict[str, np.ndarray]]]:
    """What is stored after some steps on drawn images, and the outputs of each step."""
    store = filled_store(program, seed=seeds[0])
    session = bound(program, store, threads, kind, target)
    generator = np.random.default_rng(seeds[1])
    results = []
    for step in range(steps):
        session.inputs["x"][...] = generator.normal(size=session.inputs["x"].shape)
        classes = session.inputs["target"].shape[1]
        session.inputs["target"][...] = np.eye(classes)[generator.integers(classes, size=program.batch)]
        if "rate" in session.inputs:
            session.inputs["rate"][...] = rate
        if "seed" in session.inputs:
            session.inputs["seed"][...] = step
        session.run()
        results.append({key: np.array(value) for key, value in session.outputs.items()})
    return store, results
