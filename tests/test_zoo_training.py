"""The shipped networks take a training step: compiled code, NumPy and PyTorch agree.

Inputs are small where the original's are huge, layers of 4,096 neurons have 256, and SegNet's of 512
filters, which take 2.5 GB in double precision, have 128; all else is as shipped. Dropout is off, whose
random numbers differ from PyTorch's and which is tested by itself.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import pytest
from building import filled_store

from netdsl.backend import backend
from netdsl.backend.numpy.backend import NumpySession
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.program.lower import training_program
from netdsl.program.program import Program
from netdsl.resources import zoo_names, zoo_text

pytestmark = pytest.mark.slow

BATCH = 4
SINGLE = ("fcn32s", "fcn8s", "unet")
"""Networks whose one image is work enough; none has batch normalisation."""

COMPARED_ELSEWHERE = (
    "convnext_tiny",
    "cspdarknet53",
    "deeplabv3_resnet50",
    "efficientnet_b0",
    "inception_v3",
    "mnasnet0_5",
    "mobilenet_v3_large",
    "regnet_y_400mf",
    "resnext50_32x4d",
)
"""Networks of layers whose gradients other tests compare, and whose outputs `test_zoo_torchvision.py` does:
the step of each takes long to compile."""

SIBLINGS = (
    "alexnet",
    "alexnet-torchvision",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
    "fcn32s",
    "fcn8s",
    "googlenet",
    "mobilenet",
    "mobilenet2",
    "resnet101",
    "resnet110-cifar",
    "resnet152",
    "resnet34",
    "resnet56-cifar",
    "segnet",
    "squeezenet1.0",
    "vgg11",
    "vgg13",
    "vgg16",
    "wrn-28-10",
)
"""Networks whose layers a sibling or the cases of single layers have: CI trains them all."""

RATE = 0.01
DECAY = 1e-4

INPUTS = {
    "alexnet": "67x67x3",
    "alexnet-grouped": "67x67x3",
    "alexnet-torchvision": "67x67x3",
    "all-cnn-c": "16x16x3",
    "caffenet": "67x67x3",
    "densenet40-cifar": "8x8x3",
    "fcn32s": "8x8x3",
    "fcn8s": "8x8x3",
    "nin-cifar": "16x16x3",
    "resnet20-cifar": "16x16x3",
    "resnet56-cifar": "16x16x3",
    "resnet110-cifar": "16x16x3",
    "segnet": "32x32x3",
    "unet": "188x188x1",
    "vgg11": "32x32x3",
    "vgg13": "32x32x3",
    "vgg16": "32x32x3",
    "vgg19": "32x32x3",
    "wrn-28-10": "8x8x3",
}
"""Inputs small enough for NumPy; networks made for images of 224x224 take 64x64, others their own."""

EXTENTS = {
    "segnet": [(r"C\(512\)", "C(128)")],
    "unet": [(r"CROP \d+x\d+", "CROP 8x8")],
    "fcn32s": [("CROP 500x500", "CROP 8x8")],
    "fcn8s": [
        ("CROP 34x34", "CROP 4x4"),
        ("CROP 70x70", "CROP 10x10"),
        ("CROP 500x500", "CROP 8x8"),
    ],
}
"""What else depends on the input's extents, or is as large."""


def small_plan(name: str) -> Plan:
    """The plan of a shipped network for a small input, nothing claimed and nothing expected."""
    text = re.sub(r"^expect .*$", "", zoo_text(name), flags=re.MULTILINE)
    text = re.sub(r"^\[([\dx]+)\] INPUT$", r"input \1", text, flags=re.MULTILINE)
    text = re.sub(r"\[\d[\dx]*\] ", "", text)
    text = re.sub(r"DROPOUT 0\.\d+", "DROPOUT 0", text).replace("4096", "256")
    if name in INPUTS:
        text = re.sub(r"^input .*$", f"input {INPUTS[name]}", text, flags=re.MULTILINE)
    text = re.sub(r"^input 224x224x3$", "input 64x64x3", text, flags=re.MULTILINE)
    for old, new in EXTENTS.get(name, []):
        text = re.sub(old, new, text)
    plan, findings = load_plan(text, name)
    assert plan is not None, [finding.message for finding in findings]
    return plan


class Taken(NamedTuple):
    """A step: what went in, the loss, and the arrays before and after."""

    plan: Plan
    program: Program
    x: np.ndarray
    label: np.ndarray
    loss: float
    before: dict[str, np.ndarray]
    after: dict[str, np.ndarray]


def step(program: Program, plan: Plan, kind: str) -> Taken:
    """One step of "numba", "numpy", or NumPy in "float64"; all begin with the same numbers."""
    store = filled_store(program, seed=1)
    if kind == "float64":
        store = {name: array.astype(np.float64) for name, array in store.items()}
        session: Any = NumpySession(program, store, float64=True)
    else:
        session = backend(kind).bind(program, store, 2)
    before = {name: array.copy() for name, array in store.items()}
    generator = np.random.default_rng(2)
    x = generator.normal(size=session.inputs["x"].shape).astype(np.float32)
    classes = session.inputs["target"].shape[1]
    label = generator.integers(classes, size=len(x))
    session.inputs["x"][...] = x
    session.inputs["target"][...] = np.eye(classes)[label]
    session.inputs["rate"][...] = RATE
    if "seed" in session.inputs:
        session.inputs["seed"][...] = 5
    session.run()
    return Taken(plan, program, x, label, float(session.outputs["loss"]), before, store)


def program_of(plan: Plan) -> Program:
    batch = 1 if plan.network.source.name in SINGLE else BATCH
    return training_program(
        plan, batch, loss=losses()["cross-entropy"], optimizer=Sgd(decay=DECAY, decay_all=True)
    )


def taken(name: str) -> object:
    return pytest.param(name, marks=pytest.mark.ci if name in SIBLINGS else (), id=name)


@pytest.fixture(
    scope="module", params=[taken(name) for name in zoo_names() if name not in COMPARED_ELSEWHERE]
)
def exact(request: pytest.FixtureRequest) -> Taken:
    """The step of a network in double precision: the specification."""
    plan = small_plan(request.param)
    return step(program_of(plan), plan, "float64")


def test_compiled_code_agrees_with_numpy(exact: Taken) -> None:
    plan = exact.plan
    ours, plain = (step(exact.program, plan, kind) for kind in ("numba", "numpy"))
    assert ours.loss == pytest.approx(exact.loss, rel=1e-3)
    # Single precision, compiled or NumPy's, is up to some hundredths away from double precision in deep
    # networks: a rectifier whose input rounds to the other side of 0 changes whole gradients.
    for key, values in exact.after.items():
        change = np.linalg.norm(values - exact.before[key])
        allowed = 8 * np.linalg.norm(plain.after[key] - values) + 0.1 * change + 1e-6
        assert np.linalg.norm(ours.after[key] - values) <= allowed, key


def test_pytorch_agrees_with_numpy(exact: Taken) -> None:
    """Forward and gradients in double precision, where both agree to many digits."""
    torch = pytest.importorskip("torch")
    from torch_networks import forward, weights_of

    plan, last = exact.plan, exact.plan.layers[-1].node.layer
    if last.is_hard_decision or last.yields_probabilities:  # the loss takes the scores before it
        plan = Plan(plan.network, plan.layers[:-1])
    weights = weights_of(plan, exact.before)
    scores = forward(plan, weights, exact.x.astype(np.float64), training=True)
    loss = torch.nn.functional.cross_entropy(scores, torch.tensor(exact.label))
    loss.backward()
    assert exact.loss == pytest.approx(loss.item(), rel=1e-6)
    for key, weight in weights.items():
        gradient = (exact.before[key] - exact.after[key]) / RATE - DECAY * exact.before[key]
        theirs = np.zeros_like(gradient) if weight.grad is None else weight.grad.numpy()
        scale = max(np.abs(theirs).max(), 1e-6)
        np.testing.assert_allclose(gradient / scale, theirs / scale, rtol=0, atol=1e-5, err_msg=key)
