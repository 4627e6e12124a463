"""Agreement with PyTorch: forward, gradients, and a training trajectory of 50 steps."""

from __future__ import annotations

import numpy as np
import pytest
from building import filled_store, planned
from layer_cases import LAYERS, network_of, small_network

from netdsl.backend import backend
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.program.lower import training_program

torch = pytest.importorskip("torch")

from torch_networks import forward, weights_of  # noqa: E402

BATCH = 4


def batch_of(plan, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(BATCH, *plan.input.shape)).astype(np.float32)
    return x, generator.integers(classes, size=BATCH)


# What drops draws other random numbers than PyTorch does: its own gradient test covers it.
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in LAYERS if not LAYERS[name][1].is_dropout])
def test_layer(name: str) -> None:
    plan = planned(*network_of(name))
    program = training_program(
        plan, BATCH, loss=losses()["cross-entropy"], optimizer=Sgd(momentum=0.0, decay=0.0)
    )
    store = filled_store(program, seed=2)
    start = {key: array.copy() for key, array in store.items()}
    session = backend("numba").bind(program, store, 2)
    x, labels = batch_of(plan, 4, seed=3)
    session.inputs["x"][...] = x
    session.inputs["target"][...] = np.eye(4)[labels]
    session.inputs["rate"][...] = 1.0
    session.run()

    weights = weights_of(plan, start)
    scores = forward(plan, weights, x, training=True)
    loss = torch.nn.functional.cross_entropy(scores, torch.tensor(labels))
    loss.backward()
    np.testing.assert_allclose(session.outputs["scores"], scores.detach().numpy(), rtol=1e-4, atol=1e-5)
    assert float(session.outputs["loss"]) == pytest.approx(loss.item(), rel=1e-5)
    for key, weight in weights.items():
        gradient = start[key] - store[key]
        # Below a step PyTorch has no gradient at all, which is one of 0.
        theirs = np.zeros_like(gradient) if weight.grad is None else weight.grad.numpy()
        np.testing.assert_allclose(gradient, theirs, rtol=1e-3, atol=2e-5, err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize(("momentum", "decay"), [(0.0, 0.0), (0.9, 0.0), (0.9, 5e-4)])
def test_trajectory(momentum: float, decay: float) -> None:
    plan = planned(*small_network())
    optimizer = Sgd(momentum=momentum, decay=decay, decay_all=True)
    program = training_program(plan, BATCH, loss=losses()["cross-entropy"], optimizer=optimizer)
    store = filled_store(program, seed=4)
    weights = weights_of(plan, store)
    theirs = torch.optim.SGD(list(weights.values()), lr=0.02, momentum=momentum, weight_decay=decay)
    session = backend("numba").bind(program, store, 2)
    for step in range(50):
        x, labels = batch_of(plan, 5, seed=step % 6)
        session.inputs["x"][...] = x
        session.inputs["target"][...] = np.eye(5)[labels]
        session.inputs["rate"][...] = 0.02
        session.run()
        theirs.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            forward(plan, weights, x, training=True), torch.tensor(labels)
        )
        loss.backward()
        theirs.step()
        assert float(session.outputs["loss"]) == pytest.approx(loss.item(), rel=2e-3, abs=2e-4), step
    for key, weight in weights.items():
        np.testing.assert_allclose(store[key], weight.detach().numpy(), rtol=5e-3, atol=2e-3, err_msg=key)
