"""JAX's translation, an opponent in the benchmarks, computes the same networks."""

from __future__ import annotations

import numpy as np
import pytest
from building import filled_store, planned
from layer_cases import LAYERS, network_of, small_network
from networks import NETWORKS, load

from netdsl.backend import backend
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.plan import Plan
from netdsl.program.lower import inference_program, training_program

jax = pytest.importorskip("jax")

from jax_step import FORMS, JaxNetwork  # noqa: E402

BATCH = 3
RATE, MOMENTUM, DECAY = 0.02, 0.9, 5e-4

MEASURED = {layer.node.layer.keyword for network in NETWORKS.values() for layer in load(network.path).layers}


def kinds(plan: Plan) -> set[str]:
    return {layer.node.layer.keyword for layer in plan.layers}


TRANSLATED = [name for name in LAYERS if kinds(planned(*network_of(name))) <= {*FORMS, "INPUT", "BN"}]


def images(plan: Plan) -> np.ndarray:
    return np.random.default_rng(5).standard_normal((BATCH, *plan.input.shape)).astype(np.float32)


def split(plan: Plan, store: dict[str, np.ndarray]) -> tuple[dict[str, object], dict[str, object]]:
    """Parameters and statistics of a store, as copies of JAX's."""
    parameters, statistics = JaxNetwork(plan).first_arrays()
    return (
        {name: jax.numpy.array(store[name]) for name in parameters},
        {name: jax.numpy.array(store[name]) for name in statistics},
    )


def test_every_measured_kind_is_translated() -> None:
    assert {*FORMS, "INPUT", "BN", "DROPOUT"} >= MEASURED


@pytest.mark.parametrize("name", TRANSLATED)
def test_forward_agrees_with_numpy(name: str) -> None:
    plan = planned(*network_of(name))
    program = inference_program(plan, BATCH, loss=losses()["cross-entropy"])
    store = filled_store(program, seed=2)
    session = backend("numpy").bind(program, store, 1)
    x = session.inputs["x"][...] = images(plan)
    session.run()
    scores, _ = JaxNetwork(plan).scores(*split(plan, store), x)
    ours = session.outputs["scores"].reshape(BATCH, -1)
    np.testing.assert_allclose(ours, np.asarray(scores), rtol=1e-4, atol=1e-5)


def test_training_agrees_with_netdsl() -> None:
    """Three steps of a network with BN: losses, parameters and running statistics."""
    plan = planned(*small_network())
    optimizer = Sgd(momentum=MOMENTUM, decay=DECAY, decay_all=True)
    program = training_program(plan, BATCH, loss=losses()["cross-entropy"], optimizer=optimizer)
    store = filled_store(program, seed=4)
    parameters, statistics = split(plan, store)
    speeds = {name: jax.numpy.zeros_like(array) for name, array in parameters.items()}
    session = backend("numpy").bind(program, store, 1)
    x, labels = images(plan), np.array([0, 2, 1])
    session.inputs["x"][...] = x
    session.inputs["target"][np.arange(BATCH), labels] = 1
    session.inputs["rate"][...] = RATE
    network = JaxNetwork(plan)
    for count in range(3):
        session.run()
        parameters, speeds, statistics, loss = network.trained(
            parameters, speeds, statistics, x, labels, count, rate=RATE, momentum=MOMENTUM, decay=DECAY
        )
        assert float(session.outputs["loss"]) == pytest.approx(float(loss), rel=1e-4)
    for name, array in {**parameters, **statistics}.items():
        np.testing.assert_allclose(store[name], np.asarray(array), rtol=1e-3, atol=1e-4, err_msg=name)
