"""The same bits for any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
from building import filled_store, planned
from layer_cases import network_of, small_network
from test_zoo_training import small_plan

from netdsl.backend import backend
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.program.lower import training_program
from netdsl.resources import zoo_text


def trained(plan: Plan, threads: int, steps: int = 8, batch: int = 9) -> dict[str, bytes]:
    optimizer = Sgd(decay=1e-3)
    program = training_program(plan, batch, loss=losses()["cross-entropy"], optimizer=optimizer)
    store = filled_store(program, seed=1)
    session = backend("numba").bind(program, store, threads)
    generator = np.random.default_rng(2)
    classes = session.inputs["target"].shape[1]
    for step in range(steps):
        session.inputs["x"][...] = generator.normal(size=session.inputs["x"].shape)
        session.inputs["target"][...] = np.eye(classes)[generator.integers(classes, size=batch)]
        session.inputs["rate"][...] = 0.05
        if "seed" in session.inputs:
            session.inputs["seed"][...] = step
        session.run()
    return {name: array.tobytes() for name, array in store.items()}


@pytest.mark.parametrize("threads", [2, 3, 4])
def test_threads_do_not_change_a_bit(threads: int) -> None:
    assert trained(planned(*small_network()), threads) == trained(planned(*small_network()), 1)


@pytest.mark.parametrize(
    "name",
    [
        "dropout",
        "stochastic-depth",
        "shuffle",
        "bilinear-to",
        "lrn-within",
        "conv-groups",
        "avg-pool-pad",
        "lrn",
    ],
)
def test_layers(name: str) -> None:
    one, *others = (trained(planned(*network_of(name)), threads) for threads in (1, 2, 4))
    assert all(other == one for other in others)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["conv", "conv-pad", "conv-stride", "max-pool", "bn"])
def test_layers_whose_vectors_are_images(name: str) -> None:
    one, *others = (trained(planned(*network_of(name)), threads, batch=48) for threads in (1, 2, 4))
    assert all(other == one for other in others)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet20-cifar", "densenet40-cifar"])
def test_published_networks_on_small_images(name: str) -> None:
    """Whose kernels are those of test_zoo_training."""
    plan = small_plan(name)
    one, *others = (trained(plan, threads, 6, 4) for threads in (1, 2, 4))
    assert all(np.isfinite(np.frombuffer(array, np.float32)).all() for array in one.values())
    assert all(other == one for other in others)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "steps", "batch"),
    [
        ("lenet", 30, 16),
        pytest.param("resnet20-cifar", 6, 16, marks=pytest.mark.ci),
        pytest.param("densenet40-cifar", 3, 4, marks=pytest.mark.ci),
    ],
)
def test_published_networks(name: str, steps: int, batch: int) -> None:
    """Fewer steps than benchmarks/determinism.py takes, on the same networks."""
    plan = load_plan(zoo_text(name), name).plan
    assert plan is not None
    one, *others = (trained(plan, threads, steps, batch) for threads in (1, 2, 4))
    assert all(np.isfinite(np.frombuffer(array, np.float32)).all() for array in one.values())
    assert all(other == one for other in others)
