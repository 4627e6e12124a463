"""The machine: one network's arrays, and its programs bound to them for each batch size."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from netdsl.data.randomness import stream
from netdsl.planning.plan import Plan
from netdsl.program.learning import evaluated_arrays
from netdsl.recipe.recipe import Recipe
from netdsl.training.programs import Programs, Purpose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.backend.session import Session, Store
    from netdsl.layers.layer import Parameter
    from netdsl.losses.loss import Loss
    from netdsl.program.program import Stored

_WORTH_THREADS = 1 << 21
"""Numbers to draw from which on threads, which take some milliseconds to start, save time."""


class SessionPool:
    """A network's arrays, and its programs bound to them as batch sizes are asked for.

    All sessions share ``store``, so what a training step changes the next validation sees.
    """

    def __init__(self, programs: Programs, store: Store) -> None:
        self.programs = programs
        self.plan = programs.plan
        self.store = store
        self._sessions: dict[Purpose, Session] = {}

    def in_variants(self, variants: Mapping[str, str]) -> SessionPool:
        """The same arrays, and what is computed with them in these variants."""
        return SessionPool(self.programs.in_variants(variants), self.store)

    @property
    def loss(self) -> Loss:
        """What training makes small, with what it takes from the training part."""
        return self.programs.recipe.loss

    @property
    def evaluated(self) -> Store:
        """The arrays that evaluating reads: running averages in place of weights that have one."""
        return evaluated_arrays(self.store)

    @property
    def bytes(self) -> int:
        """Memory of the arrays and of all sessions bound so far."""
        sessions = sum(self.programs.bytes_of(purpose) or 0 for purpose in self._sessions)
        return sessions + sum(array.nbytes for array in self.store.values())

    def training(self, batch: int) -> Session:
        return self._session("train", batch)

    def inference(self, batch: int) -> Session:
        return self._session("infer", batch)

    def needed_bytes(self, steps: Mapping[Purpose, int]) -> int:
        """Memory that the sessions of some purposes have yet to allocate."""
        return self.programs.needed_bytes(steps, self._sessions)

    def require_memory(self, steps: Mapping[Purpose, int], what: str) -> None:
        """Raise Diagnosed (ND511) where the sessions that ``steps`` need do not fit."""
        self.programs.require_memory(steps, what, bound=self._sessions)

    def _session(self, purpose: str, batch: int) -> Session:
        key = (purpose, batch)
        if key not in self._sessions:
            if self.programs.bytes_of(key) is None:
                self.require_memory({key: 1}, f"a step of {batch} images")
            store = self.store if purpose == "train" else self.evaluated
            self._sessions[key] = self.programs.taken(key).bind(store)
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
