"""Fifty steps of every optimizer, with everything a recipe may say of updates, against PyTorch's own classes.

In double precision NumPy and PyTorch agree to many digits; compiled code is held to NumPy in single
precision, and to itself with other numbers of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from building import filled_store

from netdsl.backend import backend
from netdsl.backend.numpy.backend import NumpySession
from netdsl.optimizers import optimizers
from netdsl.plan.load import load_plan
from netdsl.plan.plan import Plan
from netdsl.plan.recipe_layers import recipe_layers
from netdsl.program.learning import evaluated_arrays, learning_of
from netdsl.program.lower import training_program
from netdsl.program.program import Program
from netdsl.recipe.entries import entries
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.stored import entry_from_text
from netdsl.resources import zoo_text
from netdsl.training.numbers import step_numbers

STEPS = 50
BATCH = 6
EPOCHS = 2
"""Two of 25 steps: the second begins with a group of batches of its own, and at another rate."""

NETWORKS = {
    "lenet": zoo_text("lenet"),
    "normalised": "input 8x8x2\nCONV1: 6 3x3 pad 1 no bias - BN1 - RELU - POOL 2x2 stride 2\n"
    "CONV2: 8 3x3 no bias - BN2 - RELU\nFC1: 20 - RELU - FC2: 5\n",
}

Make = Callable[[Any, list[dict[str, Any]]], Any]
"""A class of torch.optim, for groups of parameters that have rate and decay."""


def _sgd(torch: Any, groups: list[dict[str, Any]], **settings: Any) -> Any:
    return torch.optim.SGD(groups, lr=1.0, **settings)


OPTIMIZERS: dict[str, Make] = {
    "sgd rate 0.02 momentum 0.9 decay 0.01": lambda torch, g: _sgd(torch, g, momentum=0.9),
    "sgd rate 0.05 momentum 0 decay 0.01 all": _sgd,
    "nesterov rate 0.02 momentum 0.8 decay 0.01": lambda torch, g: _sgd(
        torch, g, momentum=0.8, nesterov=True
    ),
    "adam rate 0.002 decay 0.01": lambda torch, g: torch.optim.Adam(g),
    "adam rate 0.01 beta1 0.7 beta2 0.9 epsilon 1e-3 decay 0.01 all": lambda torch, g: torch.optim.Adam(
        g, betas=(0.7, 0.9), eps=1e-3
    ),
    "adamw rate 0.002 decay 0.1": lambda torch, g: torch.optim.AdamW(g),
    "rmsprop rate 0.001 decay 0.01": lambda torch, g: torch.optim.RMSprop(g),
    "rmsprop rate 0.001 momentum 0.9 rho 0.9 epsilon 1e-4 decay 0.01": lambda torch, g: torch.optim.RMSprop(
        g, momentum=0.9, alpha=0.9, eps=1e-4
    ),
    "adagrad rate 0.01 decay 0.01": lambda torch, g: torch.optim.Adagrad(g),
    "perceptron rate 0.02": _sgd,
}

OPTIONS = {
    "nothing more": "",
    "factor": "factor LAST 5, FIRST 0.2",
    "freeze": "freeze FROZEN",
    "clip": "clip 0.5",
    "accumulate": "accumulate 4 batches",
    "average": "average 0.9",
    "all of them": "factor LAST 5; freeze FROZEN; clip 0.5; accumulate 4; average 0.9",
}

LABELS = {
    "lenet": {"FIRST": "CONV2", "FROZEN": "CONV1", "LAST": "FC2"},
    "normalised": {"FIRST": "CONV1", "FROZEN": "CONV2, BN2", "LAST": "FC2"},
}


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
        epoch, step = divmod(step, STEPS // EPOCHS)
        return step_numbers(self.recipe, [BATCH] * (STEPS // EPOCHS), epoch, step, (1.0,) * epoch)

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


def case(network: str, optimizer: str, options: str = "") -> Case:
    text = OPTIONS.get(options, "")
    for word, label in LABELS[network].items():
        text = text.replace(word, label)
    recipe = Recipe(epochs=EPOCHS)
    for line in filter(None, (f"optimizer {optimizer}", "schedule step 0.1 every 1", *text.split("; "))):
        name, _, value = line.partition(" ")
        recipe = recipe._replace(**{name: entry_from_text(entries()[name], value)})
    assert not recipe_layers(plan_of(network), recipe).mistakes
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


def by_torch(case: Case, make: Make) -> dict[str, np.ndarray]:
    """The same with PyTorch's layers, optimizer, clipping and averages, in double precision."""
    torch = pytest.importorskip("torch")
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    from netdsl.backend.torch.translation import module_of

    torch.set_num_threads(1)  # sooner done than that two threads meet
    plan, recipe = case.plan, case.recipe
    learning, settings = learning_of(plan, recipe), recipe.optimizer.values()
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
        scores = module.scores(torch.tensor(x).double().permute(0, 3, 1, 2))
        loss = torch.nn.functional.cross_entropy(scores, torch.tensor(labels))
        (loss * numbers["share"]).backward()
        if numbers["update"]:
            if recipe.clip:
                torch.nn.utils.clip_grad_norm_(module.parameters(), recipe.clip)
            for group in optimizer.param_groups:
                group["lr"] = numbers["rate"] * group["factor"]
            optimizer.step()
            optimizer.zero_grad()
            averaged.update_parameters(module)
    found: dict[str, np.ndarray] = module.store()
    if recipe.average:
        found |= {f"{name}.average": array for name, array in averaged.module.store().items()}
    return found


def compare(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    common = [name for name in wanted if name in found]
    assert len(common) >= 4
    for name in common:
        scale = max(np.abs(wanted[name]).max(), 1e-3)
        np.testing.assert_allclose(found[name] / scale, wanted[name] / scale, rtol=0, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_pytorch_agrees(network: str, optimizer: str) -> None:
    one = case(network, optimizer)
    compare(trained(one, "float64"), by_torch(one, OPTIMIZERS[optimizer]))


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("options", [name for name in OPTIONS if name != "nothing more"])
def test_pytorch_agrees_with_options(network: str, options: str) -> None:
    optimizer = "adam rate 0.002 decay 0.01"
    one = case(network, optimizer, options)
    compare(trained(one, "float64"), by_torch(one, OPTIMIZERS[optimizer]))


def test_every_optimizer_has_a_case() -> None:
    assert {text.split()[0] for text in OPTIMIZERS} == set(optimizers()) - {"momentum"}


def test_momentum_keeps_the_rate_in_its_velocity() -> None:
    """PyTorch has no such class: v = m*v - rate*g, w = w + v by hand, over a change of the rate."""
    one = case("normalised", "momentum rate 0.02 momentum 0.9 decay 0")
    name = "FC2.weights"
    gradients = []
    plain = case("normalised", "perceptron rate 0.02")
    velocity = weight = None
    program = one.program
    store = {key: array.astype(np.float64) for key, array in filled_store(program, seed=1).items()}
    session = NumpySession(program, store, float64=True)
    for step in range(STEPS):
        x, labels = one.images(step)
        rate = one.numbers(step)["rate"]
        # The gradient is what a plain step of rate 1 takes away.
        probe = {key: store[key].copy() for key, _, _ in plain.program.stored}
        looking = NumpySession(plain.program, probe, float64=True)
        for either in (session, looking):
            either.inputs["x"][...] = x
            either.inputs["target"][...] = np.eye(5)[labels]
        session.inputs["rate"][...], looking.inputs["rate"][...] = rate, 1.0
        looking.run()
        gradients.append(store[name] - probe[name])
        velocity = 0.9 * (0.0 if velocity is None else velocity) - rate * gradients[-1]
        weight = store[name] + velocity
        session.run()
        np.testing.assert_allclose(store[name], weight, rtol=1e-12, atol=1e-14)
    assert one.numbers(STEPS - 1)["rate"] == pytest.approx(0.1 * one.numbers(0)["rate"])


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, "momentum rate 0.02 momentum 0.9 decay 0.01"])
def test_compiled_code_agrees_with_numpy(network: str, optimizer: str) -> None:
    check_compiled(case(network, optimizer))


COMPILED = [("normalised", name) for name in OPTIONS if name != "nothing more"]
COMPILED += [("lenet", "accumulate"), ("lenet", "all of them")]
"""Networks with options: gradients that are stored, and those that are used up and added up."""


@pytest.mark.slow
@pytest.mark.parametrize(("network", "options"), COMPILED)
def test_compiled_code_agrees_with_numpy_on_options(network: str, options: str) -> None:
    check_compiled(case(network, "adam rate 0.002 decay 0.01", options))


def check_compiled(one: Case) -> None:
    before = filled_store(one.program, seed=1)
    exact, plain, ours = trained(one, "float64"), trained(one, "numpy"), trained(one, "numba")
    # As far as single precision goes, in which a rectifier may round to the other side of 0.
    for name, wanted in exact.items():
        change = np.linalg.norm(wanted - before[name])
        allowed = 8 * np.linalg.norm(plain[name] - wanted) + 0.1 * change + 1e-5
        assert np.linalg.norm(ours[name] - wanted) <= allowed, name
    for threads, stop in ((1, 18), (4, 0)):  # 18: within a group of 4 batches
        again = trained(one, "numba", threads, stop)
        assert all(array.tobytes() == ours[name].tobytes() for name, array in again.items()), (threads, stop)


def test_a_group_of_batches_is_one_large_batch() -> None:
    """Where no layer looks at the batch as a whole; to rounding in double precision."""
    plan = plan_of("lenet")
    recipe = Recipe(epochs=1)
    images = case("lenet", "sgd").images
    found = []
    for sizes in ([6, 6, 4], [16]):
        part = recipe._replace(accumulate=len(sizes))
        store, start, sessions = None, 0, {}
        for size in dict.fromkeys(sizes):
            learning = learning_of(plan, part)
            program = training_program(
                plan, size, loss=part.loss, optimizer=part.optimizer, learning=learning
            )
            if store is None:
                store = {k: v.astype(np.float64) for k, v in filled_store(program, seed=1).items()}
            sessions[size] = NumpySession(program, store, float64=True)
        x = np.concatenate([images(step)[0] for step in range(3)])
        labels = np.concatenate([images(step)[1] for step in range(3)])
        for step, size in enumerate(sizes):
            inputs = sessions[size].inputs
            inputs["x"][...] = x[start : start + size]
            inputs["target"][...] = np.eye(10)[labels[start : start + size]]
            for name, number in step_numbers(part, sizes, 0, step, ()).items():
                if name in inputs:
                    inputs[name][...] = number
            sessions[size].run()
            start += size
        found.append(store)
    for name in found[1]:
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=1e-10, atol=1e-13, err_msg=name)


def test_averages_stand_in_the_place_of_weights() -> None:
    arrays = {"A.weights": 1, "A.weights.average": 2, "A.weights.mean": 3, "B.running_mean": 4}
    assert evaluated_arrays(arrays) == {"A.weights": 2, "A.weights.mean": 3, "B.running_mean": 4}
