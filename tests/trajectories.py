"""Fifty steps of a recipe: compiled, by NumPy, and by PyTorch's own classes in double precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from building import filled_store

from netdsl.backend import backend
from netdsl.backend.numpy.backend import NumpySession
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.program.learning import learning_of
from netdsl.program.lower import training_program
from netdsl.program.program import Program
from netdsl.recipe.entries import entries
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.stored import entry_from_text
from netdsl.resources import zoo_text
from netdsl.training.numbers import step_numbers

STEPS = 50
BATCH = 6
LOSSES = (3.0, 2.0, 2.1, 2.2, 2.3)
"""Validation losses after each epoch, as schedules see them."""

NETWORKS = {
    "lenet": zoo_text("lenet"),
    "normalised": "input 8x8x2\nCONV1: 6 3x3 pad 1 no bias - BN1 - RELU - POOL 2x2 stride 2\n"
    "CONV2: 8 3x3 no bias - BN2 - RELU\nFC1: 20 - RELU - FC2: 5\n",
}

Make = Callable[[Any, list[dict[str, Any]]], Any]
"""A class of torch.optim, for groups of parameters that have rate and decay."""


Criterion = Callable[[Any, Any, Any], Any]
"""The loss of scores and labels, from torch."""


class Case(NamedTuple):
    """A network with a recipe."""

    plan: Plan
    recipe: Recipe

    @property
    def program(self) -> Program:
        recipe, learning = self.recipe, learning_of(self.plan, self.recipe)
        return training_program(
            self.plan, BATCH, loss=recipe.loss, optimizer=recipe.optimizer, learning=learning
        )

    def numbers(self, step: int) -> dict[str, float]:
        sizes = [BATCH] * (STEPS // self.recipe.epochs)
        epoch, step = divmod(step, len(sizes))
        return step_numbers(self.recipe, sizes, epoch, step, LOSSES[:epoch])

    def images(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Six batches in turn."""
        generator = np.random.default_rng(step % 6)
        x = generator.normal(size=(BATCH, *self.plan.input.shape)).astype(np.float32)
        return x, generator.integers(self.plan.output.values, size=BATCH)


@cache
def plan_of(network: str) -> Plan:
    plan, findings = load_plan(NETWORKS[network], network)
    assert plan is not None, findings
    return plan


def case(network: str, *lines: str) -> Case:
    """A network with the entries of a train block."""
    recipe = Recipe()
    for line in lines:
        name, _, value = line.partition(" ")
        recipe = recipe._replace(**{name: entry_from_text(entries()[name], value)})
    return Case(plan_of(network), recipe)


def trained(case: Case, kind: str, threads: int = 2, stop: int = 0) -> dict[str, np.ndarray]:
    """The arrays after all steps of "numba", "numpy" or NumPy in "float64"; interrupted at ``stop``, what
    is stored goes into a session of its own."""
    program = case.program
    store = filled_store(program, seed=1)
    for name, _, what in program.stored:
        if what == "average":
            store[name][...] = 0.0
    for first, last in ((0, stop), (stop, STEPS)):
        if kind == "float64":
            store = {name: array.astype(np.float64) for name, array in store.items()}
            session: Any = NumpySession(program, store, float64=True)
        else:
            store = {name: array.copy() for name, array in store.items()}
            session = backend(kind).bind(program, store, threads)
        classes = session.inputs["target"].shape[1]
        for step in range(first, last):
            x, labels = case.images(step)
            session.inputs["x"][...] = x
            session.inputs["target"][...] = np.eye(classes)[labels]
            for name, number in case.numbers(step).items():
                if name in session.inputs:
                    session.inputs[name][...] = number
            session.run()
    return store


def cross_entropy(torch: Any, scores: Any, labels: Any) -> Any:
    return torch.nn.functional.cross_entropy(scores, labels)


def by_torch(
    case: Case, make: Make, criterion: Criterion = cross_entropy, rates: Sequence[float] = ()
) -> dict[str, np.ndarray]:
    """The same with PyTorch's layers, optimizer, clipping and averages, in double precision.

    ``rates`` are those of the steps, by a scheduler; our own where there are none.
    """
    torch = pytest.importorskip("torch")
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    from netdsl.backend.torch.translation import module_of

    plan, recipe = case.plan, case.recipe
    learning, settings = learning_of(plan, recipe), recipe.optimizer.values()
    # Its threads would wait for each other longer than such small layers take.
    torch.set_num_threads(1)
    module = module_of(plan).double().train()
    module.load(filled_store(case.program, seed=1))
    everything = {id(parameter) for parameter in module.learned(decays=True)}
    groups = []
    for layer, part in zip(plan.layers, module.parts, strict=True):
        frozen = layer.node.name in learning.frozen
        part.train(not frozen)
        for parameter in part.parameters():
            parameter.requires_grad_(not frozen)
            decays = id(parameter) in everything or settings.get("decay_all", False)
            decay = settings.get("decay", 0.0) if decays else 0.0
            factor = learning.factors.get(layer.node.name, 1.0)
            groups.append({"params": [parameter], "weight_decay": decay, "factor": factor})
    optimizer = make(torch, groups)
    averaged = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(recipe.average))
    for step in range(STEPS):
        numbers = case.numbers(step)
        x, labels = case.images(step)
        images = torch.tensor(x).double().permute(0, 3, 1, 2)
        # A loss that takes no scores takes the output, which a closing SOFTMAX has made of them.
        found = module.scores(images) if recipe.loss.takes_scores else module(images).flatten(1)
        loss = criterion(torch, found, torch.tensor(labels))
        (loss * numbers["share"]).backward()
        if numbers["update"]:
            if recipe.clip:
                torch.nn.utils.clip_grad_norm_(module.parameters(), recipe.clip)
            for group in optimizer.param_groups:
                group["lr"] = (rates[step] if rates else numbers["rate"]) * group["factor"]
            optimizer.step()
            optimizer.zero_grad()
            averaged.update_parameters(module)
    store: dict[str, np.ndarray] = module.store()
    if recipe.average:
        store |= {f"{name}.average": array for name, array in averaged.module.store().items()}
    return store


def compare(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    common = [name for name in wanted if name in found]
    assert len(common) >= 4
    for name in common:
        scale = max(np.abs(wanted[name]).max(), 1e-3)
        np.testing.assert_allclose(found[name] / scale, wanted[name] / scale, rtol=0, atol=1e-7, err_msg=name)


def check_compiled(one: Case, exact: dict[str, np.ndarray] | None = None, of_change: float = 0.02) -> None:
    """Compiled code is as near double precision as NumPy, and the same whatever threads and interruptions.

    ``exact`` is what "float64" gives, where it is known; ``of_change`` is the part of what training changed
    that a rectifier may cost which rounds to the other side of 0.
    """
    before = filled_store(one.program, seed=1)
    exact = exact or trained(one, "float64")
    plain, ours = (trained(one, kind) for kind in ("numpy", "numba"))
    for name, wanted in exact.items():
        change = np.linalg.norm(wanted - before[name])
        allowed = 8 * np.linalg.norm(plain[name] - wanted) + of_change * change + 1e-5
        assert np.linalg.norm(ours[name] - wanted) <= allowed, name
    for threads, stop in ((1, 18), (4, 0)):  # 18: within a group of 4 batches
        again = trained(one, "numba", threads, stop)
        assert all(array.tobytes() == ours[name].tobytes() for name, array in again.items()), (threads, stop)
