"""The recipe, the batches, the loop and its measures, on the NumPy backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdsl.backend import backend
from netdsl.data import available_memory
from netdsl.diagnostics import Diagnosed
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.recipe.entries import entries, with_setting
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.stored import entry_from_text, recipe_as_json, recipe_from_json
from netdsl.training import run as training_run
from netdsl.training.batches import batch_sizes, epoch_order, step_seed
from netdsl.training.loop import evaluated, train
from netdsl.training.metrics import Evaluation
from netdsl.training.preflight import check_input_memory
from netdsl.training.records import EpochRecord, EvaluationRecord, Progress, StepRecord
from netdsl.training.run import Run, continued_run, new_run
from netdsl.training.run_folder import new_run_folder

LINEAR = "net linear\ninput 8x8x1\nFC1: 10\n"


def plan_of(text: str = LINEAR) -> Plan:
    plan = load_plan(text).plan
    assert plan is not None
    return plan


def new(text: str = LINEAR, **settings: object) -> Run:
    recipe = Recipe(epochs=3, batch=64)
    for name, value in settings.items():
        named = isinstance(value, str) and name != "data"
        recipe = with_setting(recipe, name, entry_from_text(entries()[name], str(value)) if named else value)
    return new_run(plan_of(text), recipe, backend("numpy"), 1)


def finish(run: Run) -> list[EpochRecord]:
    records = train(run.sessions, run.images, run.parts, run.recipe, run.progress, "digits")
    return [record for record in records if isinstance(record, EpochRecord)]


def refused(text: str = LINEAR, **settings: object) -> str:
    with pytest.raises(Diagnosed) as caught:
        finish(new(text, **settings))
    return caught.value.diagnostics[0].code


# --- recipe --------------------------------------------------------------------------------------


def test_a_recipe_survives_json() -> None:
    recipe = Recipe(data="somewhere", optimizer=Sgd(rate=0.1), epochs=3)
    assert recipe_from_json(recipe_as_json(recipe)) == recipe


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optimizer", "sgd rate 0"),
        ("optimizer", "sgd rate -1"),
        ("optimizer", "sgd rate nan"),
        ("optimizer", "sgd rate inf"),
        ("optimizer", "sgd momentum 1.0"),
        ("optimizer", "sgd momentum -0.1"),
        ("optimizer", "sgd decay -1e-9"),
        ("optimizer", "sgd 1 2"),
        ("optimizer", 1),
        ("batch", 0),
        ("batch", 2**31),
        ("batch", True),
        ("epochs", 0),
        ("seed", -1),
        ("loss", "hinge loss"),
        ("init", "zeros"),
        ("split", "50/50"),
        ("data", ""),
        ("data", None),
    ],
)
def test_settings_that_no_recipe_has(name: str, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        recipe_from_json({**recipe_as_json(Recipe()), name: value})


def test_recipes_with_too_few_or_too_many_settings() -> None:
    settings = recipe_as_json(Recipe())
    for values in (None, [], {**settings, "extra": 1}, {"data": "digits"}):
        with pytest.raises(TypeError):
            recipe_from_json(values)


# --- batches -------------------------------------------------------------------------------------


@given(st.integers(1, 500), st.integers(1, 100))
def test_batches_use_every_image_once(images: int, batch: int) -> None:
    sizes = batch_sizes(images, batch)
    assert sum(sizes) == images
    assert len(set(sizes[:-1])) <= 1
    assert max(sizes) <= batch + 1
    if images > 1 and batch > 1:
        assert min(sizes) > 1  # batch normalisation has nothing to do in a batch of one


def test_the_order_follows_from_seed_and_epoch() -> None:
    indices = np.arange(5, 105)
    first = epoch_order(indices, 1, 1)
    assert sorted(first) == indices.tolist()
    assert (first == epoch_order(indices, 1, 1)).all()
    assert (first != epoch_order(indices, 1, 2)).any()
    assert (first != epoch_order(indices, 2, 1)).any()


def test_steps_have_seeds_of_their_own() -> None:
    seeds = {step_seed(1, epoch, step) for epoch in range(20) for step in range(50)}
    assert len(seeds) == 1000
    assert max(seeds) < 2**32


# --- the loop ------------------------------------------------------------------------------------


def test_what_the_loop_reports() -> None:
    run = new(epochs=2)
    records = list(train(run.sessions, run.images, run.parts, run.recipe, run.progress, "digits"))
    steps = [record for record in records if isinstance(record, StepRecord)]
    assert [(record.epoch, record.step) for record in steps] == [(e, s) for e in (1, 2) for s in range(1, 24)]
    assert sum(record.images for record in steps) == 2 * len(run.parts.train)
    assert sum(isinstance(record, EvaluationRecord) for record in records) == 2 * 3
    epochs = [record for record in records if isinstance(record, EpochRecord)]
    assert epochs == run.progress.history
    weighted = sum(record.loss * record.images for record in steps[:23]) / len(run.parts.train)
    assert epochs[0].train_loss == pytest.approx(weighted)
    assert epochs[0].train_accuracy == steps[22].accuracy


def test_a_linear_classifier_learns_the_digits() -> None:
    run = new(epochs=10, rate=0.02)
    history = finish(run)
    assert history[-1].train_loss < history[0].train_loss / 3
    assert evaluated(run.sessions, run.images, run.parts.test, 64).accuracy > 0.93


@pytest.mark.parametrize("loss", ["cross-entropy", "l2"])
@pytest.mark.parametrize("init", ["he", "glorot"])
def test_every_loss_and_initializer_trains(loss: str, init: str) -> None:
    history = finish(new(loss=loss, init=init, rate=0.005, epochs=4))
    assert history[-1].validation_accuracy > 0.7
    assert history[-1].train_loss < history[0].train_loss


def test_the_same_seed_gives_the_same_bits_and_another_one_others() -> None:
    first, second, other = new(), new(), new(seed=2)
    assert finish(first) == finish(second)
    finish(other)
    for name, array in first.sessions.store.items():
        assert array.tobytes() == second.sessions.store[name].tobytes()
    assert first.sessions.store["FC1.weights"].tobytes() != other.sessions.store["FC1.weights"].tobytes()


def test_a_long_epoch_is_saved_in_between_and_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_run, "SAVE_SECONDS", 0.0)
    stopped, whole = new(epochs=2), new(epochs=2)
    folder = new_run_folder(tmp_path / "run", "x")
    records = stopped.records(folder)
    for _ in range(23 + 3 + 1 + 7):  # an epoch with its validation, and some steps
        next(records)
    saved, path = folder.load_last()
    assert (saved.progress.epoch, saved.progress.step) == (1, 7)
    again = continued_run(saved, path, stopped.plan, stopped.recipe, backend("numpy"), 1)
    assert finish(whole)[1:] == finish(again)
    for name, array in whole.sessions.store.items():
        assert again.sessions.store[name].tobytes() == array.tobytes()
    folder.close()


def test_a_batch_larger_than_the_data_is_all_of_it() -> None:
    run = new(batch=100_000, epochs=1)
    records = list(train(run.sessions, run.images, run.parts, run.recipe, run.progress, "digits"))
    assert isinstance(records[0], StepRecord)
    assert records[0].images == len(run.parts.train)


def test_evaluation_does_not_depend_on_the_batch_and_changes_nothing() -> None:
    run = new("input 8x8x1\nCONV1: 4 3x3\nBN1\nRELU\nDROPOUT 0.5\nFC1: 10\n", epochs=1)
    finish(run)
    before = {name: array.copy() for name, array in run.sessions.store.items()}
    outcomes = [evaluated(run.sessions, run.images, run.parts.test, batch) for batch in (1, 7, 1000)]
    assert len({outcome.correct for outcome in outcomes}) == 1
    assert outcomes[0].loss == pytest.approx(outcomes[2].loss, rel=1e-5)
    assert all((before[name] == array).all() for name, array in run.sessions.store.items())


def test_the_best_epoch_is_the_most_accurate_then_the_surest_then_the_first() -> None:
    rows = [(1, 0.5, 0.8), (2, 0.4, 0.9), (3, 0.3, 0.9), (4, 0.3, 0.9), (5, 0.1, 0.7)]
    history = [EpochRecord(epoch, 0.0, 0.0, loss, accuracy) for epoch, loss, accuracy in rows]
    best = Progress(history=history).best
    assert best is not None
    assert best.epoch == 3
    assert Progress().best is None


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_a_loss_that_is_no_number_stops_with_step_and_layer() -> None:
    text = "input 8x8x1\nCONV1: 4 3x3\nRELU1\nFC1: 10\n"
    with pytest.raises(Diagnosed) as caught:
        finish(new(text, rate=1e6))
    finding = caught.value.diagnostics[0]
    assert finding.code == "ND512"
    assert "at epoch 1, step " in finding.message
    assert "CONV1" in finding.message or "FC1" in finding.message


# --- what does not fit together ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("input 8x8x1\nCONV1: 4 3x3\n", "ND507"),
        ("input 8x8x1\nFC1: 1\n", "ND507"),
        ("input 8x8x1\nFC1: 9\n", "ND505"),
        ("input 64\nRELU\n", "ND520"),
        ("input 8x8x2\nFC1: 10\n", "ND508"),
        ("input 101\nFC1: 10\n", "ND508"),
    ],
)
def test_networks_that_cannot_learn_the_digits(text: str, code: str) -> None:
    assert refused(text) == code


def test_more_scores_than_classes_is_a_warning() -> None:
    run = new("input 8x8x1\nFC1: 12\n", epochs=8, rate=0.02)
    assert [finding.code for finding in run.findings] == ["ND506"]
    finish(run)
    outcome = evaluated(run.sessions, run.images, run.parts.test, 64)
    assert outcome.accuracy > 0.9
    assert outcome.confusion(10).shape == (10, 10)


def test_training_that_does_not_fit_into_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("input 8x8x1\nFC1: 100000\nRELU\nFC2: 1000\nRELU\nFC3: 10\n")
    monkeypatch.setattr(available_memory, "available_bytes", lambda: 500 << 20)
    with pytest.raises(Diagnosed, match=r"training with batches of 64, .* needs 849 MiB of memory") as caught:
        new_run(plan, Recipe(batch=64), backend("numba"), 1)
    assert caught.value.diagnostics[0].code == "ND511"


def test_a_network_for_giant_pictures_is_refused_before_its_data_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = plan_of("input 20000x20000x1\nCONV1: 1 1x1\nMAX POOL 20000x20000\nFC1: 2\n")
    monkeypatch.setattr(available_memory, "available_bytes", lambda: 500 << 20)
    with pytest.raises(Diagnosed, match=r"one image of this network needs 1\.\d+ GiB") as caught:
        check_input_memory(plan)
    assert caught.value.diagnostics[0].code == "ND511"
    with pytest.raises(Diagnosed, match=r"training this network needs 1\.\d+ GiB") as caught:
        new_run(plan, Recipe(data="no/such/folder"), backend("numba"), 1)
    assert caught.value.diagnostics[0].code == "ND511"


def test_data_that_is_too_small(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, x=np.zeros((4, 8, 8), np.uint8), y=[0, 0, 1, 1])
    assert refused(data=str(path)) == "ND504"


# --- measures ------------------------------------------------------------------------------------


def test_accuracy_and_confusion() -> None:
    outcome = Evaluation(0.5, np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0]))
    assert outcome.accuracy == pytest.approx(0.6)
    assert outcome.confusion(3).tolist() == [[1, 1, 0], [1, 2, 0], [0, 0, 0]]
    assert outcome.class_accuracy(3) == [0.5, pytest.approx(2 / 3), None]


def test_only_the_training_part_is_measured() -> None:
    run = new_run(plan_of("input 8x8x1\nFC 10"), Recipe(epochs=1), backend("numpy"), 1)
    seen = run.dataset.pixels[run.parts.train].astype(np.float64)
    assert run.preparation.mean == pytest.approx((seen.mean(),))
    assert run.preparation.deviation == pytest.approx((seen.std(),))
    assert run.dataset.pixels.mean() != pytest.approx(seen.mean())
