"""What layers and the optimizer do, in numbers worked out here and not by their own formulas."""

from __future__ import annotations

import numpy as np
import pytest
from building import filled_store, planned
from layer_cases import image

from netdsl.backend import backend
from netdsl.layers.batch_norm import BatchNorm
from netdsl.layers.dropout import Dropout
from netdsl.layers.fc import FullyConnected
from netdsl.layers.prelu import Prelu
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.program.lower import inference_program, training_program


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_dropout_keeps_the_expectation(name: str) -> None:
    plan = planned(image(1, 1, 4000), Dropout(rate=0.25))
    program = training_program(plan, 2, loss=losses()["l2"], optimizer=Sgd(decay=0.0))
    session = backend(name).bind(program, {}, 1)
    session.inputs["x"][...] = 3.0
    session.inputs["seed"][...] = 11
    session.run()
    scores = session.outputs["scores"]
    np.testing.assert_allclose(np.unique(scores), [0.0, 4.0])
    assert np.mean(scores == 0) == pytest.approx(0.25, abs=0.02)
    first = scores.copy()
    session.inputs["seed"][...] = 12
    session.run()
    assert np.any(first != session.outputs["scores"])


def test_dropout_is_quiet_after_training() -> None:
    plan = planned(image(1, 1, 50), Dropout(rate=0.25))
    session = backend("numpy").bind(inference_program(plan, 1, loss=losses()["l2"]), {}, 1)
    session.inputs["x"][...] = 3.0
    session.run()
    assert np.all(session.outputs["scores"] == 3.0)


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_sgd_by_hand(name: str) -> None:
    """One weight, loss (w*x - 0)^2/2 with x = 2: gradient 4w."""
    plan = planned(image(1, 1, 1), FullyConnected(neurons=1, bias=False))
    optimizer = Sgd(momentum=0.5, decay=0.25)
    program = training_program(plan, 1, loss=losses()["l2"], optimizer=optimizer)
    store = filled_store(program)
    store["L1.weights"][...] = 1.0
    session = backend(name).bind(program, store, 1)
    session.inputs["x"][...] = 2.0
    session.inputs["rate"][...] = 0.1
    weight, velocity = 1.0, 0.0
    for _ in range(3):
        session.run()
        velocity = 0.5 * velocity + 4 * weight + 0.25 * weight
        weight -= 0.1 * velocity
        assert float(store["L1.weights"][0, 0]) == pytest.approx(weight, rel=1e-5)


def test_slopes_do_not_decay() -> None:
    plan = planned(image(1, 1, 3), Prelu())
    program = training_program(plan, 1, loss=losses()["l2"], optimizer=Sgd(decay=0.5))
    store = filled_store(program)
    store["L1.slope"][...] = 0.25
    session = backend("numpy").bind(program, store, 1)
    session.inputs["x"][...] = 1.0
    session.inputs["rate"][...] = 0.1
    session.run()
    assert np.all(store["L1.slope"] == 0.25)


def test_running_statistics_by_hand() -> None:
    plan = planned(image(1, 2, 1), BatchNorm(momentum=0.25))
    program = training_program(plan, 2, loss=losses()["l2"], optimizer=Sgd(decay=0.0))
    store = filled_store(program)
    store["L1.running_mean"][...] = 0.0
    store["L1.running_variance"][...] = 1.0
    session = backend("numba").bind(program, store, 2)
    values = np.array([1.0, 2.0, 4.0, 9.0], np.float32)
    session.inputs["x"][...] = values.reshape(2, 1, 2, 1)
    session.run()
    assert float(store["L1.running_mean"][0]) == pytest.approx(0.25 * 4.0)
    assert float(store["L1.running_variance"][0]) == pytest.approx(0.75 + 0.25 * values.var(ddof=1), rel=1e-5)
