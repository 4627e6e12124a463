"""Networks of the zoo take a training step: compiled code agrees with NumPy, on small inputs."""

from __future__ import annotations

import re

import numpy as np
import pytest
from building import filled_store

from netdsl.backend import backend
from netdsl.backend.numpy.backend import NumpySession
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
    start = filled_store(program, seed=1)
    ours, plain, exact = (run(program, kind) for kind in ("numba", "numpy", "float64"))
    assert ours[0] == pytest.approx(exact[0], rel=1e-3)
    # Single precision, compiled or NumPy's, is a few hundredths away from double precision in deep
    # networks: a rectifier whose input rounds to the other side of 0 changes whole gradients.
    for key, values in exact[1].items():
        change = np.linalg.norm(values - start[key])
        allowed = 8 * np.linalg.norm(plain[1][key] - values) + 0.05 * change + 1e-6
        assert np.linalg.norm(ours[1][key] - values) <= allowed, key


def run(program, kind: str):
    """The loss and the arrays after one step: of "numba", "numpy", or NumPy in "float64"."""
    store = filled_store(program, seed=1)
    if kind == "float64":
        store = {name: array.astype(np.float64) for name, array in store.items()}
        session = NumpySession(program, store, float64=True)
    else:
        session = backend(kind).bind(program, store, 2)
    generator = np.random.default_rng(2)
    session.inputs["x"][...] = generator.normal(size=session.inputs["x"].shape)
    classes = session.inputs["target"].shape[1]
    session.inputs["target"][...] = np.eye(classes)[generator.integers(classes, size=BATCH)]
    session.inputs["rate"][...] = 0.01
    if "seed" in session.inputs:
        session.inputs["seed"][...] = 5
    session.run()
    return float(session.outputs["loss"]), store
