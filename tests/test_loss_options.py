"""The options of losses: label smoothing, class weights, margins, against PyTorch and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from building import planned
from numpy.typing import NDArray

from netdsl.backend import backend
from netdsl.layers.fc import FullyConnected
from netdsl.layers.input import Input
from netdsl.losses.cross_entropy import CrossEntropy
from netdsl.losses.hinge import Hinge
from netdsl.losses.loss import Loss
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.program.lower import inference_program, training_program
from netdsl.recipe.recipe import Recipe
from netdsl.rules import advise
from netdsl.training.run import new_run

torch = pytest.importorskip("torch")

BATCH, CLASSES = 5, 4
LOSSES = {
    "plain": CrossEntropy(),
    "smoothing": CrossEntropy(smoothing=0.1),
    "weights": CrossEntropy(weights=(0.5, 1.0, 2.0, 4.0)),
    "both": CrossEntropy(smoothing=0.2, weights=(0.5, 1.0, 2.0, 4.0)),
    "hinge": Hinge(),
    "margin": Hinge(margin=2.5),
    "squared": Hinge(margin=0.5, squared=True),
}


def torch_loss(loss: Loss, scores: Any, labels: Any) -> Any:
    values = loss.values()
    if isinstance(loss, CrossEntropy):
        weights = torch.tensor(values["weights"], dtype=torch.float64) if values["weights"] else None
        return torch.nn.functional.cross_entropy(
            scores, labels, weight=weights, label_smoothing=values["smoothing"]
        )
    power = 2 if values["squared"] else 1
    # PyTorch divides by the classes as well.
    return CLASSES * torch.nn.functional.multi_margin_loss(scores, labels, p=power, margin=values["margin"])


def step(
    loss: Loss, name: str, *, training: bool = True
) -> tuple[float, NDArray[Any], NDArray[Any], NDArray[Any]]:
    """The loss, the scores, the labels and the gradient of the bias of one step."""
    plan = planned(Input(height=1, width=1, channels=3), FullyConnected(neurons=CLASSES))
    build = training_program if training else inference_program
    settings: dict[str, Any] = {"optimizer": Sgd(momentum=0.0, decay=0.0)} if training else {}
    program = build(plan, BATCH, loss=loss, **settings)
    generator = np.random.default_rng(2)
    store = {stored: generator.standard_normal(shape, np.float32) for stored, shape, _ in program.stored}
    bias = store["L1.bias"].copy()
    session = backend(name).bind(program, store, 1)
    labels = generator.integers(CLASSES, size=BATCH)
    session.inputs["x"][...] = generator.standard_normal((BATCH, 1, 1, 3))
    session.inputs["target"][...] = np.eye(CLASSES)[labels]
    if training:
        session.inputs["rate"][...] = 1.0
    session.run()
    return float(session.outputs["loss"]), session.outputs["scores"].copy(), labels, bias - store["L1.bias"]


@pytest.mark.parametrize("name", ["numpy", "numba"])
@pytest.mark.parametrize("option", LOSSES)
def test_loss_and_gradient_are_those_of_pytorch(option: str, name: str) -> None:
    loss, scores, labels, gradient = step(LOSSES[option], name)
    wanted = torch.tensor(scores, dtype=torch.float64, requires_grad=True)
    there = torch_loss(LOSSES[option], wanted, torch.tensor(labels))
    there.backward()
    np.testing.assert_allclose(loss, float(there.detach()), rtol=1e-5)
    np.testing.assert_allclose(gradient, wanted.grad.sum(0).numpy(), rtol=1e-4, atol=1e-6)


def test_validation_measures_the_plain_loss() -> None:
    plain = step(LOSSES["plain"], "numpy", training=False)[0]
    assert step(LOSSES["both"], "numpy", training=False)[0] == plain


def test_balanced_weights_follow_from_the_training_part() -> None:
    loss = CrossEntropy(balanced=True).fitted([10, 30, 0, 60])
    assert loss.weights == (100 / 30, 100 / 90, 1.0, 100 / 180)
    plan = load_plan("input 8x8x1\nFC 10\ntrain { loss cross-entropy weights balanced }\n").plan
    assert plan is not None
    assert plan.network.recipe is not None
    recipe = plan.network.recipe.recipe
    assert recipe.loss == CrossEntropy(balanced=True)
    run = new_run(plan, recipe._replace(epochs=1), backend("numpy"), 1)
    weights = run.sessions.programs.recipe.loss.values()["weights"]
    counted = np.bincount(run.dataset.labels[run.parts.train])
    np.testing.assert_allclose(np.array(weights) * counted, counted.sum() / 10)
    assert run.recipe.loss == CrossEntropy(balanced=True)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("loss cross-entropy weights {1, 2}", "there are 2 weights and the network has 10 scores"),
        ("loss cross-entropy weights {1, 0}", "each of the weights is above 0"),
        ("loss cross-entropy weights 3", "the weights are numbers in braces"),
        ("loss cross-entropy weights {1 2}", "separated by commas"),
        ("loss cross-entropy smoothing 1", "`smoothing` is at least 0 and at most 0.999999"),
        ("loss hinge smoothing 0.1", "hinge has no setting `smoothing`"),
        ("loss cross-entropy balanced weights {1, 2}", "either given or balanced"),
    ],
)
def test_refusals(entry: str, message: str) -> None:
    plan, findings = load_plan(f"input 8x8x1\nFC 10\ntrain {{ {entry} }}\n")
    findings = [*findings, *(advise(plan) if plan is not None else ())]
    assert [finding.severity.name for finding in findings] == ["ERROR"]
    assert message in findings[0].message


def test_training_refuses_what_check_refuses() -> None:
    from netdsl.diagnostics import Diagnosed

    plan = load_plan("input 8x8x1\nFC 10\n").plan
    assert plan is not None
    with pytest.raises(Diagnosed, match="there are 2 weights"):
        new_run(plan, Recipe(loss=CrossEntropy(weights=(1.0, 2.0))), backend("numpy"), 1)
