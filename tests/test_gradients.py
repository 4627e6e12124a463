"""The gradients of every layer and loss against finite differences, in double precision."""

from __future__ import annotations

import numpy as np
import pytest
from building import filled_store, planned
from layer_cases import LAYERS, network_of

from netdsl.backend.numpy.backend import NumpySession
from netdsl.layers.layer import Layer
from netdsl.layers.registry import all_kinds
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.program.lower import training_program

BATCH = 3
STEP = 1e-6
CHECKED_VALUES = 12
"""Numbers of each parameter whose slope is measured; all where there are fewer."""


def measure(layers: tuple[Layer, ...], loss_name: str) -> None:
    program = training_program(
        planned(*layers), BATCH, loss=losses()[loss_name], optimizer=Sgd(momentum=0.0, decay=0.0)
    )
    start = {name: array.astype(np.float64) for name, array in filled_store(program, seed=3).items()}
    generator = np.random.default_rng(5)
    store = {name: array.copy() for name, array in start.items()}
    session = NumpySession(program, store, float64=True)
    session.inputs["x"][...] = generator.normal(size=session.inputs["x"].shape)
    classes = session.inputs["target"].shape[1]
    session.inputs["target"][...] = np.eye(classes)[generator.integers(classes, size=BATCH)]
    if "seed" in session.inputs:
        session.inputs["seed"][...] = 7

    def run(rate: float) -> float:
        session.inputs["rate"][...] = rate
        session.run()
        return float(session.outputs["loss"])

    # With rate 1 and no momentum, what is taken off the parameters is their gradient.
    run(1.0)
    gradients = {name: start[name] - store[name] for name, _, kind in program.stored if kind == "parameter"}
    assert gradients
    for name, gradient in gradients.items():
        for index in generator.permutation(gradient.size)[:CHECKED_VALUES]:
            slopes = []
            for step in (STEP, -STEP):
                for other, array in start.items():
                    store[other][...] = array
                store[name].reshape(-1)[index] += step
                slopes.append(run(0.0))
            measured = (slopes[0] - slopes[1]) / (2 * STEP)
            assert gradient.reshape(-1)[index] == pytest.approx(measured, rel=1e-5, abs=1e-8), name


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_layer(name: str) -> None:
    measure(network_of(name), "cross-entropy")


@pytest.mark.parametrize("loss", losses())
def test_loss(loss: str) -> None:
    measure(network_of("tanh"), loss)


def test_loss_after_softmax() -> None:
    given, below, layer, scores = network_of("relu")
    softmax = LAYERS["softmax"][1]
    for loss in losses():
        measure((given, below, layer, scores, softmax), loss)


def test_every_kind_has_a_case() -> None:
    covered = {type(layer) for _, layer in LAYERS.values()} | {type(given) for given, _ in LAYERS.values()}
    assert covered == set(all_kinds())
