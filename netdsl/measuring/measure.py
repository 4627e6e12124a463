"""Measures a network on this machine."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from math import prod
from statistics import median
from typing import NamedTuple

import numpy as np

import netdsl
from netdsl.backend.numba.backend import open_backend
from netdsl.backend.numba.runtime.session import NumbaSession
from netdsl.backend.numba.target import host
from netdsl.backend.numba.tools.profiler import Stopwatch, seconds_by_part
from netdsl.backend.numba.tools.roofline import MOST_BYTES, measure_roofline
from netdsl.backend.session import Array, Store
from netdsl.data.available_memory import available_bytes, require_memory
from netdsl.measuring.measurement import Measurement, Rival, Roofline
from netdsl.measuring.rounds import Step, take_turns
from netdsl.measuring.rows import rows_of
from netdsl.measuring.tuning import tune
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.plan import Plan
from netdsl.program.kept_tensors import least_bytes
from netdsl.program.lower import inference_program, training_program
from netdsl.program.program import Numerics, Program
from netdsl.quantities import FLOAT_BYTES
from netdsl.recipe.recipe import Recipe
from netdsl.training.session_pool import first_values

RATE = 0.001
"""Small, so that repeating one batch goes nowhere."""

OURS = "netdsl"


class Task(NamedTuple):
    """What is measured: steps of ``batch`` images, forward alone unless ``training``, in the variants that
    are fastest here with ``autotune``."""

    plan: Plan
    batch: int
    threads: int
    rounds: int
    training: bool
    precision: str = "float32"
    autotune: bool = False

    @property
    def recipe(self) -> Recipe:
        """The settings of the step, those of a recipe that says nothing."""
        return Recipe(batch=self.batch, optimizer=Sgd(rate=RATE))

    def program(self) -> Program:
        loss, numerics = self.recipe.loss, Numerics(precision=self.precision)
        if not self.training:
            return inference_program(self.plan, self.batch, loss=loss, numerics=numerics)
        optimizer = self.recipe.optimizer
        return training_program(self.plan, self.batch, loss=loss, optimizer=optimizer, numerics=numerics)


class RivalStep(NamedTuple):
    """A step of another implementation, ready to be run."""

    name: str
    version: str
    step: Step


Opponents = Callable[[Task, Store, dict[str, Array]], list[RivalStep]]
"""Makes steps with the same first weights and the same inputs."""


def _silent(line: str) -> None:
    """Tell nobody."""


def measure(
    task: Task, opponents: Opponents | None = None, say: Callable[[str], None] = _silent
) -> Measurement:
    """Bind, warm up, then rounds of steps with and without clocks, and of the opponents'.

    ``say`` is told what tuning found; ``opponents`` is asked after our own memory has been read off, as
    libraries bring memory along.
    """
    program = task.program()
    backend = open_backend()
    stored_bytes = FLOAT_BYTES * sum(prod(shape) for _, shape, _ in program.stored)
    given_bytes = sum(tensor.size_bytes(task.batch) for tensor in program.inputs.values())
    _require(task, stored_bytes + least_bytes(program))  # laying out takes the longer the more images
    _require(task, stored_bytes + backend.prepare(program, task.threads).needed_bytes(repeated=False))
    if task.autotune:
        tuned = tune([program], task.threads)
        say(str(tuned))
        program = program.in_variants(tuned.variants)
    store = first_values(task.plan, task.recipe, program.stored)
    session = backend.bind(program, store, task.threads, partial(_require, task))
    _fill(session, task.batch)
    stopwatch = Stopwatch(session, backend.kernels)
    readings: list[Array] = []
    session.run()
    stopwatch.run()
    peak_bytes = _peak_bytes()
    roofline = _roofline(task.threads)
    rivals = opponents(task, store, session.inputs) if opponents is not None else []
    # Each clocked step counts by itself: the median of a launch passes over the moments of others.
    steps: dict[str, Step] = {
        OURS: session.run,
        "timed": lambda: readings.append(stopwatch.run()),
        **{rival.name: rival.step for rival in rivals},
    }
    found = list(take_turns(steps, task.rounds))
    again = _roofline(task.threads)
    seconds = seconds_by_part(session.launches, np.median(readings, axis=0))
    return Measurement(
        task.plan,
        task.batch,
        task.threads,
        task.rounds,
        task.training,
        task.precision,
        host().name,
        _versions(),
        Roofline(*map(max, roofline, again)),
        median(round[OURS] for round in found),
        median(round["timed"] for round in found),
        rows_of(task.plan, program, seconds),
        session.arena_bytes + stored_bytes + given_bytes,
        peak_bytes,
        _compared(rivals, found),
        program.numerics.variants,
    )


def _compared(rivals: list[RivalStep], found: list[dict[str, float]]) -> tuple[Rival, ...]:
    compared = [
        Rival(
            rival.name,
            rival.version,
            median(round[rival.name] for round in found),
            median(round[rival.name] / round[OURS] for round in found),
        )
        for rival in rivals
    ]
    return tuple(sorted(compared, key=lambda rival: rival.seconds))


def _require(task: Task, needed_bytes: int) -> None:
    """Refuse (ND511) what the machine has no memory for."""
    name = task.plan.network.source.name
    require_memory(needed_bytes, name, f"a step of {task.batch} images", "use a smaller --batch")


def _roofline(threads: int) -> Roofline:
    available = available_bytes()
    allowed = MOST_BYTES if available is None else min(MOST_BYTES, available // 4)
    return Roofline(*measure_roofline(open_backend().kernels, threads, allowed))


def _fill(session: NumbaSession, batch: int) -> None:
    """Random images and classes, the same every time."""
    generator = np.random.default_rng(1)
    inputs = session.inputs
    inputs["x"][...] = generator.standard_normal(inputs["x"].shape, np.float32)
    classes = inputs["target"].shape[1]
    inputs["target"][np.arange(batch), generator.integers(classes, size=batch)] = 1
    if "rate" in inputs:
        inputs["rate"][...] = RATE


def _peak_bytes() -> int | None:
    """The largest resident set of this process so far."""
    try:
        import resource
    except ImportError:
        return None
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024


def _versions() -> dict[str, str]:
    return {
        "netdsl": netdsl.__version__,
        "python": platform.python_version(),
        **{library: version(library) for library in ("numba", "llvmlite", "numpy")},
    }
