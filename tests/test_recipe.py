"""Training recipes: every entry, every refusal, from the network's file and from a file of its own."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdsl.commands.running.recipe_options import chosen_recipe
from netdsl.diagnostics import Diagnosed
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.recipe.entries import entries
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.search import Choices, Range
from netdsl.recipe.stored import recipe_as_json, recipe_from_json
from netdsl.recipe.written import WrittenRecipe, read_file
from netdsl.rules import advise
from netdsl.schedules.constant import Constant
from netdsl.schedules.cosine import Cosine
from netdsl.schedules.piecewise import Piecewise, Stretch
from netdsl.schedules.plateau import Plateau
from netdsl.schedules.schedule import Schedule
from netdsl.schedules.step import Step
from netdsl.source import Source
from netdsl.training.preflight import check_recipe

BASE = "input 8x8x1\nFC 10\n"


def _written(entries: str) -> WrittenRecipe:
    plan, findings = load_plan(f"{BASE}train {{ {entries} }}\n")
    assert plan is not None, findings
    assert plan.network.recipe is not None
    return plan.network.recipe


def _recipe(entries: str) -> Recipe:
    return _written(entries).recipe


def test_every_entry() -> None:
    recipe = _recipe(
        "data mnist; split 80/10/10; loss hinge; init glorot\n"
        "optimizer adam rate 0.01, beta1 0.9 decay 5e-4 batch 64 epochs 10 seed 0 # all on one line\n"
        "stop after 5 epochs without improvement"
    )
    assert (recipe.data, recipe.loss.name, recipe.init.name) == ("mnist", "hinge", "glorot")
    assert (
        recipe.optimizer.values() | {"rate": 0.01, "beta1": 0.9, "decay": 5e-4} == recipe.optimizer.values()
    )
    assert (recipe.batch, recipe.epochs, recipe.seed, recipe.stop) == (64, 10, 0, 5)


@pytest.mark.parametrize(
    ("written", "schedule"),
    [
        ("0.01*5 : 0.001*3", Piecewise(stretches=(Stretch(0.01, 5), Stretch(0.001, 3)))),
        ("step 0.1 every 30 epochs", Step(factor=0.1, epochs=30)),
        ("cosine", Cosine()),
        ("warmup 5, cosine to 1e-5", Cosine(warmup=5, last=1e-5)),
        ("warmup 2 epochs then 0.1*3", Piecewise(warmup=2, stretches=(Stretch(0.1, 3),))),
        ("plateau 0.5 after 4", Plateau(factor=0.5, epochs=4)),
        ("warmup 3 epochs 9", Constant(warmup=3)),
        ("warmup 1 cosine", Cosine(warmup=1)),
        ("step 0.1 30, epochs 40", Step(factor=0.1, epochs=30)),
        ("plateau 0.1", Plateau(factor=0.1, epochs=10)),
        ("constant", Constant()),
    ],
)
def test_schedules(written: str, schedule: Schedule) -> None:
    assert _recipe(f"schedule {written}").schedule == schedule


def test_searches_and_augmentations() -> None:
    recipe = _recipe(
        "search rate in 1e-4..1e-1 log, batch in {32, 64}, decay in 0..1e-3; augment flip, colour 0.2"
    )
    assert recipe.search == (
        Range("rate", 1e-4, 1e-1, True),
        Choices("batch", (32, 64)),
        Range("decay", 0.0, 1e-3),
    )
    assert [one.text() for one in recipe.augment] == ["flip", "color 0.2"]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("bacth 64", "ND530"),
        ("lrate 0.1", "ND530"),
        ("optimizer sgd rat 3", "ND530"),
        ("64", "ND530"),
        ("batch 0", "ND531"),
        ("batch", "ND531"),
        ("epochs 1.5", "ND531"),
        ("optimizer sdg", "ND531"),
        ("optimizer sgd rate 1e999", "ND531"),
        ("optimizer sgd momentum 1", "ND531"),
        ("split 80/20", "ND531"),
        ("split 80/10/20", "ND531"),
        ("schedule 0.1", "ND531"),
        ("schedule step", "ND531"),
        ("schedule warmup 2, warmup 3", "ND531"),
        ("epochs 3 schedule 0.1*5", "ND531"),
        ("augment flip, flip", "ND531"),
        ("augment rotate 400", "ND531"),
        ("search rate in 3..1", "ND531"),
        ("search decay in 0..1 log", "ND531"),
        ("search batch in {1 2}", "ND531"),
        ("epochs 3; epochs 4", "ND213"),
    ],
)
def test_refusals(entry: str, code: str) -> None:
    plan, findings = load_plan(f"{BASE}train {{ {entry} }}\n")
    assert plan is None
    assert [finding.code for finding in findings] == [code]


@pytest.mark.parametrize(
    "entries",
    [
        "",
        "optimizer sgd rate 1e-7 momentum 0.95 decay 0",
        "schedule 0.1*3 : 1e-3*4; epochs 8",
        "schedule warmup 2, step 0.5 every 3",
        "schedule warmup 2, 0.1*3",
        "schedule warmup 4",
        "schedule cosine to 1e-6",
        "schedule plateau 0.1 after 3",
        "augment flip, crop 4, rotate 12.5",
        "stop after 3 epochs without improvement",
        "search rate in 1e-4..1e-1 log, batch in {32, 64}",
        "loss l2; init glorot; split 70/20/10; seed 0",
    ],
)
def test_what_is_written_is_read_again(entries: str) -> None:
    recipe = _recipe(entries)
    assert recipe_from_json(recipe_as_json(recipe)) == recipe


def test_recipes_of_earlier_versions_are_read() -> None:
    old = {
        "data": "digits", "split": "80/10/10", "loss": "cross-entropy", "rate": 0.02, "momentum": 0.5,
        "decay": 0.0, "batch": 16, "epochs": 3, "seed": 4, "init": "glorot", "exact": False,
        "precision": "float32",
    }  # fmt: skip
    recipe = recipe_from_json(old)
    assert recipe.optimizer == Sgd(rate=0.02, momentum=0.5, decay=0.0)
    assert (recipe.batch, recipe.epochs, recipe.seed, recipe.init.name) == (16, 3, 4, "glorot")
    del old["precision"]
    assert recipe_from_json(old) == recipe


def test_entries_are_the_fields_of_a_recipe() -> None:
    assert (*entries(), "exact", "precision") == Recipe._fields


def test_a_file_of_its_own() -> None:
    recipe, found = read_file(Source("a.train", "epochs 3 # three\nsearch batch in {1, 2}; seed 4\n"))
    assert not found
    assert (recipe.recipe.epochs, recipe.recipe.seed) == (3, 4)
    _, found = read_file(Source("a.train", "train {\n  batch 3\n}"))
    assert [finding.code for finding in found] == ["ND530"]


def test_data_outside_the_folder_of_the_file() -> None:
    """Only the command line may name them; then nothing is wrong."""
    plan, _ = load_plan(f"{BASE}train {{ data ../x.npz }}\n")
    assert plan is not None
    with pytest.raises(Diagnosed) as raised:
        chosen_recipe(plan.network, None, {})
    assert [finding.code for finding in raised.value.diagnostics] == ["ND531"]
    assert chosen_recipe(plan.network, None, {"data": "y.npz"}).data == "y.npz"


WORDS = [
    "data",
    "batch",
    "schedule",
    "search",
    "rate",
    "in",
    "0.1",
    "3",
    "*",
    ":",
    "..",
    "{",
    "}",
    ",",
    "augment",
]
WORDS += [
    "flip",
    "crop",
    "stop",
    "after",
    "epochs",
    "optimizer",
    "sgd",
    "split",
    "80/10/10",
    '"a',
    "1e9999",
    "log",
]


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), st.text(max_size=40)))
def test_no_recipe_raises(text: str) -> None:
    read_file(Source("any.train", text))
    load_plan(f"{BASE}train {{ {text} }}\n")


def test_long_recipes_end_soon() -> None:
    begin = time.process_time()
    for text in (
        "batch 3 " * 100_000,
        "search batch in {" + "1," * 300_000 + "}",
        "augment " + "flip, " * 100_000,
    ):
        read_file(Source("long.train", text))
    assert time.process_time() - begin < 5


@pytest.mark.parametrize(
    ("layers", "code"), [("input 8x8x1\nCONV 4 3x3\n", "ND507"), ("input 10\nRELU\n", "ND520")]
)
def test_check_says_that_a_network_with_a_recipe_cannot_be_trained(layers: str, code: str) -> None:
    plan = load_plan(f"{layers}train {{ epochs 3 }}\n").plan
    assert plan is not None
    assert code in [finding.code for finding in advise(plan)]
    plan = load_plan(layers).plan
    assert plan is not None
    assert code not in [finding.code for finding in advise(plan)]


def test_a_schedule_for_more_epochs_than_are_trained() -> None:
    """In a file it is a mistake; a shorter run from the command line may be a trial."""
    plan = load_plan(f"{BASE}train {{ schedule 0.1*3 : 0.01*2; epochs 5 }}\n").plan
    assert plan is not None
    assert check_recipe(plan, chosen_recipe(plan.network, None, {})) == ()
    warned = check_recipe(plan, chosen_recipe(plan.network, None, {"epochs": 2}))
    assert [(finding.code, finding.severity.name) for finding in warned] == [("ND531", "WARNING")]
