"""Training recipes: every entry, every refusal, from the network's file and from a file of its own."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdsl.commands.recipes import recipe_settings
from netdsl.diagnostics import Diagnosed
from netdsl.graph.recipe import Augmentation, Choices, Cosine, Plateau, Range, Recipe, Schedule, Step, Stretch
from netdsl.graph.recipe_file import recipe_from_text
from netdsl.graph.recipe_words import INITS, LOSSES
from netdsl.initializers import initializers
from netdsl.losses import losses
from netdsl.plan.load import load_plan
from netdsl.source import Source

BASE = "input 8x8x1\nFC 10\n"


def _recipe(entries: str) -> Recipe:
    plan, findings = load_plan(f"{BASE}train {{ {entries} }}\n")
    assert plan is not None, findings
    assert plan.network.recipe is not None
    return plan.network.recipe


def test_every_entry() -> None:
    recipe = _recipe(
        "data mnist; split 80/10/10; loss hinge; init glorot\n"
        "optimizer adam rate 0.01, beta1 0.9 decay 5e-4 batch 64 epochs 10 seed 0 # all on one line\n"
        "stop after 5 epochs without improvement"
    )
    assert recipe.data == "mnist"
    assert recipe.optimizer is not None
    assert recipe.optimizer.others == (("beta1", 0.9),)
    assert (recipe.optimizer.rate, recipe.optimizer.decay) == (0.01, 5e-4)
    assert (recipe.batch, recipe.epochs, recipe.seed, recipe.stop) == (64, 10, 0, 5)


@pytest.mark.parametrize(
    ("written", "schedule"),
    [
        ("0.01*5 : 0.001*3", Schedule(0, (Stretch(0.01, 5), Stretch(0.001, 3)))),
        ("step 0.1 every 30 epochs", Schedule(rule=Step(0.1, 30))),
        ("cosine", Schedule(rule=Cosine(0.0))),
        ("warmup 5, cosine to 1e-5", Schedule(5, rule=Cosine(1e-5))),
        ("warmup 2 epochs then 0.1*3", Schedule(2, (Stretch(0.1, 3),))),
        ("plateau 0.5 after 4", Schedule(rule=Plateau(0.5, 4))),
        ("warmup 3 epochs 9", Schedule(3)),
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
    assert recipe.augment == (Augmentation("flip"), Augmentation("color", 0.2))


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("bacth 64", "ND530"),
        ("rate 0.1", "ND530"),
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


def test_words_are_those_that_training_has() -> None:
    assert set(INITS) == set(initializers())
    assert set(LOSSES) == set(losses())


def test_a_file_of_its_own() -> None:
    recipe, found = recipe_from_text(Source("a.train", "epochs 3 # three\nsearch batch in {1, 2}; seed 4\n"))
    assert not found
    assert (recipe.epochs, recipe.seed) == (3, 4)
    _, found = recipe_from_text(Source("a.train", "train {\n  batch 3\n}"))
    assert [finding.code for finding in found] == ["ND530", "ND530"]


def test_training_refuses_what_it_cannot_do() -> None:
    plan, _ = load_plan(f"{BASE}train {{ batch 4; optimizer sgd rate 0.5; epochs 2 }}\n")
    assert plan is not None
    assert recipe_settings(plan.network, None) == {"batch": 4, "rate": 0.5, "epochs": 2}
    plan, _ = load_plan(f"{BASE}train {{ augment flip; data ../x.npz; optimizer adam }}\n")
    assert plan is not None
    with pytest.raises(Diagnosed) as raised:
        recipe_settings(plan.network, None)
    assert {finding.code for finding in raised.value.diagnostics} == {"ND531", "ND532"}


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


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), st.text(max_size=40)))
def test_no_recipe_raises(text: str) -> None:
    recipe_from_text(Source("any.train", text))
    load_plan(f"{BASE}train {{ {text} }}\n")


def test_long_recipes_end_soon() -> None:
    begin = time.process_time()
    for text in (
        "batch 3 " * 100_000,
        "search batch in {" + "1," * 300_000 + "}",
        "augment " + "flip, " * 100_000,
    ):
        recipe_from_text(Source("long.train", text))
    assert time.process_time() - begin < 5
