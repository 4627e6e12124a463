"""Notes on a run: the first loss, dead units, gradients that vanish or explode."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest
from building import untimed

from netdsl.backend import backend
from netdsl.backend.numpy.backend import NumpySession
from netdsl.commands import run as command
from netdsl.commands.running.options import calm_numpy
from netdsl.losses import losses
from netdsl.losses.loss import Loss
from netdsl.planning.pipeline import load_plan
from netdsl.program.lower import gradient_program
from netdsl.recipe.recipe import Recipe
from netdsl.training import diagnosis
from netdsl.training.diagnosis import Look, dead_units, diagnose, effects, first_loss, look
from netdsl.training.records import StepRecord
from netdsl.training.run import Run, new_run

THREE = "input 8x8x1\nFC1: 20\nRELU1\nFC2: 16\nRELU2\nFC3: 10\n"
MIXED = "input 8x8x1\nCONV1: 4 3x3\nBN1\nRELU1\nPOOL 2x2\nDROPOUT 0.5\nFC1: 10\n"


def new(text: str = THREE, **settings: object) -> Run:
    plan = load_plan(text, "net.net").plan
    assert plan is not None
    return new_run(plan, Recipe(**settings), backend("numpy"), 1)


def said(run: Run) -> dict[str, str]:
    return {finding.code: finding.message for finding in diagnose(run)}


# --- the first loss ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "images", "value", "far"),
    [
        (losses()["cross-entropy"], 10_000, math.log(10) + 5.2, True),
        (losses()["cross-entropy"], 10_000, math.log(10) + 4.9, False),
        (losses()["cross-entropy"], 10_000, math.log(10) - 0.6, True),
        (losses()["cross-entropy"], 10_000, math.log(10) - 0.4, False),
        (losses()["cross-entropy"], 4, math.log(10) + 9, False),
        (losses()["cross-entropy"], 1, 0.0, False),
        (losses()["cross-entropy"].replaced(smoothing=0.1), 10_000, math.log(10) + 5.2, True),
        (losses()["hinge"], 10_000, 52, True),
        (losses()["hinge"], 10_000, 45, False),
        (losses()["hinge"], 10_000, 1, True),
        (losses()["hinge"].replaced(margin=10.0), 10_000, 90, False),
        (losses()["hinge"].replaced(margin=10.0), 10_000, 30, True),
        (losses()["hinge"].replaced(squared=True), 10_000, 260, False),
        (losses()["hinge"].replaced(squared=True), 10_000, 290, True),
        (losses()["l2"], 10_000, 1e9, False),
        (losses()["perceptron"], 10_000, 1e9, False),
    ],
)
def test_what_is_far(loss: Loss, images: int, value: float, far: bool) -> None:
    plan = load_plan(THREE, "net.net").plan
    assert plan is not None
    found = first_loss(StepRecord(1, 1, 1, images, value, 0.0), plan, loss)
    assert [finding.code for finding in found] == ["ND523"] * far


@pytest.mark.parametrize("name", ["cross-entropy", "hinge"])
def test_equal_scores_give_what_the_loss_says(name: str) -> None:
    for loss in (losses()[name], losses()["hinge"].replaced(margin=0.5, squared=True)):
        plan = load_plan("input 4\nFC1: 7\n", "net.net").plan
        assert plan is not None
        program = gradient_program(plan, 3, loss=loss)
        store = {name: np.zeros(shape, np.float32) for name, shape, _ in program.stored}
        session = NumpySession(program, store)
        session.inputs["target"][...] = np.eye(7)[[0, 3, 6]].reshape(session.inputs["target"].shape)
        session.run()
        expected = loss.untrained(7)
        assert expected is not None
        assert float(session.outputs["loss"]) == pytest.approx(expected.equal, rel=1e-6)


# --- dead units ----------------------------------------------------------------------------------


def test_dead_units_are_counted() -> None:
    run = new()
    before = dead_units(seen(run), run.plan)
    store = run.sessions.store
    store["FC2.bias"][:10] = -1e4
    assert before["RELU2"][0] < 4
    after = dead_units(seen(run), run.plan)
    assert after["RELU2"][1] == 16
    assert after["RELU2"][0] >= 10
    assert after["RELU1"] == before["RELU1"]
    dead = f"{after['RELU2'][0]} of 16 in RELU2"
    assert said(run)["ND538"] == f"dead units: {dead} are 0 for all 256 training images"


def seen(run: Run) -> Look:
    found = look(run)
    assert found is not None
    return found


def test_a_layer_that_is_all_dead_is_a_warning() -> None:
    run = new()
    run.sessions.store["FC1.bias"][...] = -1e4
    found = {finding.code: finding for finding in diagnose(run)}
    assert found["ND538"].severity.value == "warning"
    assert found["ND538"].notes == ("RELU1 is all 0: nothing before it can learn",)
    assert "no gradient reaches the weights of any layer" in found["ND539"].message


def test_few_images_say_nothing_of_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "_MOST_IMAGES", 63)
    run = new()
    run.sessions.store["FC2.bias"][:10] = -1e4
    assert said(run) == {}


# --- gradients -----------------------------------------------------------------------------------


def test_the_effect_is_what_a_change_of_the_weights_does() -> None:
    run = new()
    first = seen(run)
    for effect in effects(first, run.plan):
        name = f"{effect.layer}.weights"
        weights, gradient = run.sessions.store[name], first.outputs[f"gradient of {name}"]
        share = 1e-3 * np.linalg.norm(weights) / np.linalg.norm(gradient)
        kept = weights.copy()
        losses = []
        for sign in (1, -1):
            weights[...] = kept + sign * share * gradient
            losses.append(float(seen(run).outputs["loss"]))
        weights[...] = kept
        assert (losses[0] - losses[1]) / 2e-3 == pytest.approx(effect.loss, rel=0.02)
        assert effect.gradient == pytest.approx(np.linalg.norm(gradient) / np.linalg.norm(kept))


def test_frozen_layers_have_no_effect() -> None:
    run = new(freeze=("FC1",))
    assert [effect.layer for effect in effects(seen(run), run.plan)] == ["FC2", "FC3"]


def test_gradients_that_vanish_explode_or_do_nothing() -> None:
    run = new()
    run.sessions.store["FC1.weights"] *= 1e-4
    run.sessions.store["FC1.bias"][...] = 1
    assert "the weights of FC1 affect the loss " in said(run)["ND539"]
    run = new()
    run.sessions.store["FC2.weights"] *= 1e3
    assert "exploding gradients: the gradient of FC1 is " in said(run)["ND539"]
    run = new()
    run.sessions.store["FC3.weights"] *= 1e-4
    run.sessions.store["FC2.weights"] *= 1e-4
    assert "no layer's weights affect the loss of 2.3" in said(run)["ND539"]
    assert "ND539" not in said(new())


# --- in a run ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [THREE, MIXED])
def test_looking_changes_nothing(text: str) -> None:
    run = new(text)
    before = {name: array.tobytes() for name, array in run.sessions.store.items()}
    diagnose(run)
    assert {name: array.tobytes() for name, array in run.sessions.store.items()} == before


def test_a_run_with_notes_has_the_bytes_of_one_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.net").write_text("input 8x8x1\n" + "FC: 16\nSIGMOID\n" * 7 + "FC: 10\n")
    train = ["train", "net.net", "--backend", "numpy", "--epochs", "2", "--out"]
    assert command([*train, "with"]) == 0
    err = capsys.readouterr().err
    assert err.count("note ND539") == 1
    assert err.index("epoch 1/2") < err.index("ND539") < err.index("epoch 2/2")
    with monkeypatch.context() as patch:
        patch.setattr(diagnosis, "findings_at", lambda run, record: [])
        assert command([*train, "without"]) == 0
    assert "ND539" not in capsys.readouterr().err
    for name in ("best.safetensors", "last.safetensors", "metrics.csv"):
        there = untimed(name, Path("without", name).read_bytes())
        assert untimed(name, Path("with", name).read_bytes()) == there
    Path("linear.net").write_text("input 8x8x1\n" + "FC: 64\n" * 6 + "FC: 10\n")
    assert command(["train", "linear.net", "--backend", "numpy", "--epochs", "1", "--rate", "1e-6"]) == 0
    assert "gives ln 10 = 2.303" in capsys.readouterr().err


def test_numpy_keeps_to_one_thread_beside_compiled_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"MKL_NUM_THREADS": "3"})
    calm_numpy("numpy")
    assert "OPENBLAS_NUM_THREADS" not in os.environ
    calm_numpy("numba")
    assert (os.environ["OPENBLAS_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("1", "3")
