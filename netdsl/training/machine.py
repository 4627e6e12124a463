"""The machine: one network's arrays, and its programs bound to them for each batch size."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from netdsl.data.memory import require_memory
from netdsl.data.randomness import stream
from netdsl.planning.plan import Plan
from netdsl.program.kept_tensors import least_bytes
from netdsl.program.learning import evaluated_arrays, learning_of
from netdsl.program.lower import inference_program, training_program
from netdsl.program.program import NO_VARIANTS
from netdsl.recipe.recipe import Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.backend.session import Backend, Prepared, Session, Store
    from netdsl.layers.layer import Parameter
    from netdsl.losses.loss import Loss
    from netdsl.program.program import Program, Stored

_WORTH_THREADS = 1 << 21
"""Numbers to draw from which on threads, which take some milliseconds to start, save time."""


Purpose: TypeAlias = tuple[str, int]
"""What a program is for: "train" or "infer", and the images per step."""


class Machine:
    """Binds the training and inference programs of a network, as batch sizes are asked for.

    All sessions share ``store``, so what a training step changes the next validation sees. ``variants``,
    set before the first session, are those of Program.
    """

    def __init__(self, plan: Plan, recipe: Recipe, backend: Backend, threads: int) -> None:
        self.plan = plan
        self.recipe = recipe
        self.store: Store = {}
        self.variants: Mapping[str, str] = NO_VARIANTS
        self._backend = backend
        self._threads = threads
        self._sessions: dict[Purpose, Session] = {}
        self._programs: dict[Purpose, Program] = {}
        self._bytes: dict[Purpose, int] = {}
        self._prepared: dict[Purpose, tuple[Mapping[str, str], Prepared]] = {}

    @property
    def loss(self) -> Loss:
        """What training makes small, with what it takes from the training part."""
        return self.recipe.loss

    def training(self, batch: int) -> Session:
        return self._session("train", batch)

    def inference(self, batch: int) -> Session:
        return self._session("infer", batch)

    def stored(self, purpose: str, batch: int) -> tuple[Stored, ...]:
        """The arrays that the program of a purpose, "train" or "infer", keeps between steps."""
        return self.program(purpose, batch).stored

    @property
    def evaluated(self) -> Store:
        """The arrays that evaluating reads: running averages in place of weights that have one."""
        return evaluated_arrays(self.store)

    @property
    def problem(self) -> str:
        """Why the backend could not keep compiled code; empty where it could."""
        return self._backend.problem

    @property
    def bytes(self) -> int:
        """Memory of the arrays and of all sessions bound so far."""
        sessions = sum(self._bytes[purpose] for purpose in self._sessions)
        return sessions + sum(array.nbytes for array in self.store.values())

    def program(self, purpose: str, batch: int) -> Program:
        """What a purpose, "train" or "infer", computes, in the variants that the backend takes by itself."""
        key = (purpose, batch)
        if key not in self._programs:
            loss, exact = self.recipe.loss, self.recipe.exact
            if purpose == "train":
                optimizer = self.recipe.optimizer
                program = training_program(
                    self.plan,
                    batch,
                    loss=loss,
                    optimizer=optimizer,
                    learning=learning_of(self.plan, self.recipe),
                    exact=exact,
                    precision=self.recipe.precision,
                )
            else:
                program = inference_program(self.plan, batch, loss=loss, exact=exact)
            self._programs[key] = program
        return self._programs[key]

    def needed_bytes(self, steps: Mapping[Purpose, int]) -> int:
        """Memory that the sessions of some purposes, with the number of their steps, have yet to allocate.

        Nothing is allocated for the answer, and all of them are kept: so it is their sum.
        """
        new = [purpose for purpose in steps if purpose not in self._sessions]
        for purpose in new:
            self._bytes[purpose] = self._ready(purpose).needed_bytes(
                repeated=steps[purpose] > 1,
                changes=bool(self.recipe.augment) and purpose[0] == "train",
            )
        return sum(self._bytes[purpose] for purpose in new)

    def require_memory(self, steps: Mapping[Purpose, int], what: str, *, beside_bytes: int = 0) -> None:
        """Raise Diagnosed (ND511) where ``steps``, and ``beside_bytes`` of arrays, do not fit."""
        name = self.plan.network.source.name
        cure = "use a smaller --batch, a smaller network or a larger machine"
        # First what is known at once: laying out a step takes the longer the more images it has.
        least = sum(least_bytes(self.program(*key)) for key in steps if key not in self._sessions)
        require_memory(least + beside_bytes, name, f"{what}, without all else that a step computes,", cure)
        require_memory(self.needed_bytes(steps) + beside_bytes, name, what, cure)

    def _ready(self, key: Purpose) -> Prepared:
        """The program of a purpose, laid out in the variants that are set."""
        found = self._prepared.get(key)
        if found is None or found[0] != self.variants:
            program = self.program(*key)._replace(variants=self.variants)
            found = self._prepared[key] = self.variants, self._backend.prepare(program, self._threads)
        return found[1]

    def _session(self, purpose: str, batch: int) -> Session:
        key = (purpose, batch)
        if key not in self._sessions:
            if key not in self._bytes:
                self.require_memory({key: 1}, f"a step of {batch} images")
            store = self.store if purpose == "train" else self.evaluated
            self._sessions[key] = self._ready(key).bind(store)
            del self._prepared[key]
        return self._sessions[key]


def first_values(plan: Plan, recipe: Recipe, stored: tuple[Stored, ...], threads: int = 1) -> Store:
    """The arrays that training starts from.

    Weights are drawn by the recipe's initializer from their own stream, keyed by seed and
    name; all other parameters and statistics are filled with their ``initial``, what the optimizer
    keeps with 0.
    """
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
    weights = {name for name, parameter in parameters.items() if parameter.fan_in}
    drawn = _drawn(recipe, {name: parameters[name] for name, _, _ in stored if name in weights}, threads)
    return {
        name: drawn[name] if name in drawn else _filled(shape, fill.get(name, 0.0))
        for name, shape, _ in stored
    }


def _filled(shape: tuple[int, ...], value: float) -> NDArray[np.float32]:
    # Zeros cost nothing before they are used: the system hands out the memory then.
    return np.full(shape, value, np.float32) if value else np.zeros(shape, np.float32)


def _drawn(recipe: Recipe, weights: dict[str, Parameter], threads: int) -> Store:
    """The first values of weights: a stream each, so that they can be drawn side by side."""
    initializer = recipe.init

    def draw(name: str) -> NDArray[np.float32]:
        values = initializer.draw(stream(recipe.seed, f"first values of {name}"), weights[name])
        return np.ascontiguousarray(values, np.float32)

    sizes = {name: prod(parameter.shape) for name, parameter in weights.items()}
    if threads == 1 or sum(sizes.values()) < _WORTH_THREADS:
        return {name: draw(name) for name in weights}
    from concurrent.futures import ThreadPoolExecutor

    # The largest first: in AlexNet one has more than half of all numbers.
    names = sorted(weights, key=lambda name: -sizes[name])
    with ThreadPoolExecutor(threads) as pool:
        return dict(zip(names, pool.map(draw, names), strict=True))
