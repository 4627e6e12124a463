"""Fifty steps of every optimizer, with everything a recipe may say of updates, against PyTorch's own classes.

In double precision NumPy and PyTorch agree to many digits; compiled code is held to NumPy in single
precision, and to itself with other numbers of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
import trajectories
from building import filled_store
from trajectories import NETWORKS, STEPS, Case, Make, by_torch, check_compiled, compare, plan_of, trained

from netdsl.backend.numpy.backend import NumpySession
from netdsl.optimizers import optimizers
from netdsl.planning.recipe_layers import recipe_layers
from netdsl.program.learning import evaluated_arrays, learning_of
from netdsl.program.lower import training_program
from netdsl.recipe.recipe import Recipe
from netdsl.training.numbers import step_numbers


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


def case(network: str, optimizer: str, options: str = "") -> Case:
    """Two epochs of 25 steps: the second begins with a group of batches of its own, and at another rate."""
    text = OPTIONS.get(options, "")
    for word, label in LABELS[network].items():
        text = text.replace(word, label)
    further = filter(None, text.split("; "))
    one = trajectories.case(
        network, f"optimizer {optimizer}", "epochs 2", "schedule step 0.1 every 1", *further
    )
    assert not recipe_layers(one.plan, one.recipe).mistakes
    return one


@cache
def exact(network: str, optimizer: str, options: str = "") -> dict[str, np.ndarray]:
    """What both PyTorch and compiled code are compared with."""
    return trained(case(network, optimizer, options), "float64")


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_pytorch_agrees(network: str, optimizer: str) -> None:
    wanted = by_torch(case(network, optimizer), OPTIMIZERS[optimizer])
    compare(exact(network, optimizer), wanted)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("options", [name for name in OPTIONS if name != "nothing more"])
def test_pytorch_agrees_with_options(network: str, options: str) -> None:
    optimizer = "adam rate 0.002 decay 0.01"
    wanted = by_torch(case(network, optimizer, options), OPTIMIZERS[optimizer])
    compare(exact(network, optimizer, options), wanted)


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


def _compiled() -> Iterator[object]:
    """Of an optimizer with other settings the second network is left to CI."""
    tried = set()
    for optimizer in [*OPTIMIZERS, "momentum rate 0.02 momentum 0.9 decay 0.01"]:
        kind = optimizer.split()[0]
        for network in NETWORKS:
            again = kind in tried and network == "lenet"
            yield pytest.param(optimizer, network, marks=pytest.mark.ci if again else ())
        tried.add(kind)


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "network"), [*_compiled()])
def test_compiled_code_agrees_with_numpy(network: str, optimizer: str) -> None:
    check_compiled(case(network, optimizer), exact(network, optimizer), of_change=0.1)


COMPILED = [("normalised", name) for name in OPTIONS if name != "nothing more"]
COMPILED += [("lenet", "accumulate"), ("lenet", "all of them")]
"""Networks with options: gradients that are stored, and those that are used up and added up."""


@pytest.mark.slow
@pytest.mark.parametrize(("network", "options"), COMPILED)
def test_compiled_code_agrees_with_numpy_on_options(network: str, options: str) -> None:
    optimizer = "adam rate 0.002 decay 0.01"
    one = case(network, optimizer, options)
    check_compiled(one, exact(network, optimizer, options), of_change=0.1)


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
