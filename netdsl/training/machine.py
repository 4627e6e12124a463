"""The machine: one network's arrays, and its programs bound to them for each batch size."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from netdsl.data.memory import require_memory
from netdsl.data.randomness import stream
from netdsl.initializers import initializers
from netdsl.plan.plan import Plan
from netdsl.program.lower import inference_program, training_program
from netdsl.training.recipe import Recipe

if TYPE_CHECKING:
    from netdsl.backend.session import Backend, Session, Store
    from netdsl.program.program import Program, Stored


class Machine:
    """Binds the training and inference programs of a network, as batch sizes are asked for.

    All sessions share ``store``, so what a training step changes the next validation sees.
    """

    def __init__(self, plan: Plan, recipe: Recipe, backend: Backend, threads: int) -> None:
        self.plan = plan
        self.recipe = recipe
        self.store: Store = {}
        self._backend = backend
        self._threads = threads
        self._sessions: dict[tuple[str, int], Session] = {}
        self._programs: dict[tuple[str, int], Program] = {}

    def training(self, batch: int) -> Session:
        return self._session("train", batch)

    def inference(self, batch: int) -> Session:
        return self._session("infer", batch)

    def stored(self, purpose: str, batch: int) -> tuple[Stored, ...]:
        """The arrays that the program of a purpose, "train" or "infer", keeps between steps."""
        return self._program(purpose, batch).stored

    @property
    def problem(self) -> str:
        """Why the backend could not keep compiled code; empty where it could."""
        return self._backend.problem

    @property
    def bytes(self) -> int:
        """Memory of the arrays and of all sessions bound so far."""
        arenas = sum(session.arena_bytes for session in self._sessions.values())
        return arenas + sum(array.nbytes for array in self.store.values())

    def _program(self, purpose: str, batch: int) -> Program:
        key = (purpose, batch)
        if key not in self._programs:
            loss, exact = self.recipe.loss_function, self.recipe.exact
            if purpose == "train":
                optimizer = self.recipe.optimizer
                program = training_program(self.plan, batch, loss=loss, optimizer=optimizer, exact=exact)
            else:
                program = inference_program(self.plan, batch, loss=loss, exact=exact)
            self._programs[key] = program
        return self._programs[key]

    def _allow(self, batch: int) -> Callable[[int], None]:
        """Refuse (ND511) an arena that the machine has no memory for."""

        def allow(needed_bytes: int) -> None:
            name = self.plan.network.source.name
            require_memory(needed_bytes, name, f"a step of {batch} images", "use a smaller --batch")

        return allow

    def _session(self, purpose: str, batch: int) -> Session:
        key = (purpose, batch)
        if key not in self._sessions:
            program = self._program(purpose, batch)
            self._sessions[key] = self._backend.bind(program, self.store, self._threads, self._allow(batch))
        return self._sessions[key]


def first_values(plan: Plan, recipe: Recipe, stored: tuple[Stored, ...]) -> Store:
    """The arrays that training starts from.

    Weights are drawn by the recipe's initializer from a stream of their own, keyed by seed and
    name; all other parameters and statistics are filled with their ``initial``, what the optimizer
    keeps with 0.
    """
    initializer = initializers()[recipe.init]
    parameters = {
        f"{layer.node.name}.{parameter.name}": parameter
        for layer in plan.layers
        for parameter in layer.parameters
    }
    fill = {name: parameter.initial for name, parameter in parameters.items()} | {
        f"{layer.node.name}.{statistic.name}": statistic.initial
        for layer in plan.layers
        for statistic in layer.statistics
    }
    store: Store = {}
    for name, shape, _ in stored:
        if name in parameters and parameters[name].fan_in:
            drawn = initializer.draw(stream(recipe.seed, f"first values of {name}"), parameters[name])
            store[name] = np.ascontiguousarray(drawn, np.float32)
        else:
            store[name] = np.full(shape, fill.get(name, 0.0), np.float32)
    return store
