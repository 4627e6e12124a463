"""Networks of the zoo take a training step: compiled code agrees with NumPy, on small inputs."""

from __future__ import annotations

import re

import numpy as np
import pytest
from building import filled_store

from netdsl.backend import backend
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.plan.load import load_plan
from netdsl.program.lower import training_program
from netdsl.resources import zoo_text

BATCH = 4

INPUTS = {
    "perceptron": "20x20x1",
    "lenet1": "28x28x1",
    "lenet5-1998": "32x32x1",
    "resnet20-cifar": "16x16x3",
    "resnet18": "64x64x3",
    "resnet50": "64x64x3",
    "densenet121": "64x64x3",
    "mobilenet": "64x64x3",
    "mobilenet2": "64x64x3",
    "googlenet": "64x64x3",
    "squeezenet1.1": "64x64x3",
    "nin-cifar": "16x16x3",
    "all-cnn-c": "16x16x3",
    "alexnet-torchvision": "67x67x3",
}
"""Networks, with inputs small enough for NumPy."""


@pytest.mark.parametrize("name", INPUTS)
def test_a_step(name: str) -> None:
    text = re.sub(r"^expect .*$", "", zoo_text(name), flags=re.MULTILINE)
    text = re.sub(r"^input .*$", f"input {INPUTS[name]}", text, flags=re.MULTILINE)
    plan, findings = load_plan(text, name)
    assert plan is not None, findings
    program = training_program(plan, BATCH, loss=losses()["cross-entropy"], optimizer=Sgd(decay=1e-4))
    stores, losses_seen, scores = [], [], []
    for backend_name in ("numba", "numpy"):
        store = filled_store(program, seed=1)
        session = backend(backend_name).bind(program, store, 2)
        generator = np.random.default_rng(2)
        session.inputs["x"][...] = generator.normal(size=session.inputs["x"].shape)
        classes = session.inputs["target"].shape[1]
        session.inputs["target"][...] = np.eye(classes)[generator.integers(classes, size=BATCH)]
        session.inputs["rate"][...] = 0.01
        if "seed" in session.inputs:
            session.inputs["seed"][...] = 5
        session.run()
        stores.append(store)
        losses_seen.append(float(session.outputs["loss"]))
        scores.append(session.outputs["scores"].copy())
    assert losses_seen[0] == pytest.approx(losses_seen[1], rel=1e-3)
    np.testing.assert_allclose(scores[0], scores[1], rtol=2e-2, atol=2e-3 * np.abs(scores[1]).max())
    # Rounding grows through a hundred layers, so the whole change of an array is compared, not each
    # number: it must point the same way and be as long.
    start = filled_store(program, seed=1)
    for key, values in stores[1].items():
        change = np.linalg.norm(values - start[key])
        assert np.linalg.norm(stores[0][key] - values) <= 0.02 * change + 1e-6, key
