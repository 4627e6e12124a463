"""The `search` entry of a recipe: what it may name, and the recipes that it makes."""

from __future__ import annotations

import pytest

from netdsl.augmentations import augmentations
from netdsl.initializers import initializer_kinds
from netdsl.layers.option import OptionType
from netdsl.losses import loss_kinds
from netdsl.optimizers import optimizers
from netdsl.planning.pipeline import load_plan
from netdsl.recipe.component import Component
from netdsl.recipe.file_text import recipe_as_file
from netdsl.recipe.points import at_home, is_within, own_point, recipe_at
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.search import Choices, Range, search_text
from netdsl.recipe.search_settings import settings
from netdsl.recipe.stored import recipe_as_json, recipe_from_json
from netdsl.recipe.written import read_file
from netdsl.source import Source

BASE = "input 8x8x1\nFC 10\n"


def recipe_of(text: str) -> Recipe:
    plan, findings = load_plan(f"{BASE}train {{ {text} }}\n")
    assert plan is not None, findings
    assert plan.network.recipe is not None
    return plan.network.recipe.recipe


@pytest.mark.parametrize(
    ("entries", "search"),
    [
        ("search rate in 1e-4..1e-1 log", (Range("rate", 1e-4, 1e-1, True),)),
        ("search batch in 16..64", (Range("batch", 16, 64),)),
        ("search optimizer in {sgd}, init in {he, glorot}", (
            Choices("optimizer", ("sgd",)), Choices("init", ("he", "glorot")))),
        ("search LOSS in {l2, hinge, l2}", (Choices("loss", ("l2", "hinge")),)),
        ("schedule step 0.1 every 5; search schedule in {step, cosine}, factor in {0.1, 0.5}, "
         "schedule every in 2..4", (
            Choices("schedule", ("step", "cosine")), Choices("factor", (0.1, 0.5)),
            Range("schedule every", 2, 4))),
        ("augment rotate 10, colour 0.2; search rotate in 1..20, colour amount in 0.1..0.3", (
            Range("rotate", 1.0, 20.0), Range("color amount", 0.1, 0.3))),
        ("search warmup in {0, 3}, stop in {2, 4}, epochs in 5..9", (
            Choices("warmup", (0, 3)), Choices("stop", (2, 4)), Range("epochs", 5, 9))),
    ],
)  # fmt: skip
def test_what_may_be_searched(entries: str, search: tuple[Range | Choices, ...]) -> None:
    recipe = recipe_of(entries)
    assert recipe.search == search
    assert recipe_of(f"{entries.rpartition('search')[0]}search {search_text(search)}") == recipe
    assert recipe_from_json(recipe_as_json(recipe)) == recipe


def test_every_number_of_every_component_can_be_searched() -> None:
    kinds = {"optimizer": optimizers(), "loss": loss_kinds(), "init": initializer_kinds()}
    kinds |= {name: {name: kind} for name, kind in augmentations().items()}
    seen = 0
    for owner, some in kinds.items():
        for kind in some.values():
            assert isinstance(kind, type)
            assert issubclass(kind, Component)
            for option in kind.options().values():
                if option.type in (OptionType.REAL, OptionType.COUNT, OptionType.INDEX):
                    assert f"{owner} {option.words[0]}" in settings()
                    seen += 1
    assert seen > 6


@pytest.mark.parametrize(
    ("entries", "code", "place", "words"),
    [
        ("search raet in 0..1", "ND531", "raet", "did you mean `rate`?"),
        ("search seed in {1, 2}", "ND531", "seed", "decides the split"),
        ("search optimizer in {sgd rate 0.1}", "ND531", "rate", "separately"),
        ("search optimizer in sgd..adam", "ND531", "sgd", "in braces"),
        ("search optimizer in {sdg}", "ND531", "sdg", "did you mean `sgd`?"),
        ("augment rotate 3; search rotate degree in 0..1", "ND531", "rotate degree", "rotate degrees"),
        ("search rate in 0.1", "ND531", "", "two dots"),
        ("search rate 1..2", "ND531", "1..2", "needs `in`"),
        ("search clip in {none, 1}", "ND531", "none", "without `clip` separately"),
        ("search stop in {never, 3}", "ND531", "never", "tries numbers"),
        ("search rate in 1..2, rate in {3}", "ND531", "rate", "twice"),
        ("search batch in 64..32", "ND531", "64..32", "larger one"),
        ("search factor in 0.1..0.5", "ND555", "factor", "not a setting of constant"),
        ("search batch in {8, 16}, rotate in 1..5", "ND555", "rotate", "augment rotate"),
        ("search schedule in {step, cosine}", "ND555", "schedule", "needs its factor"),
        ("epochs 3; schedule 0.1*3; search epochs in 2..4", "ND555", "epochs", "made for 3 epochs"),
    ],
)
def test_refusals(entries: str, code: str, place: str, words: str) -> None:
    plan, findings = load_plan(f"{BASE}train {{ {entries} }}\n")
    assert plan is None
    (finding,) = findings
    assert finding.code == code
    assert finding.source is not None
    assert finding.primary is not None
    span = finding.primary.span
    assert finding.source.text[span.start : span.end] == place
    assert words in "\n".join([finding.message, *finding.help])


def test_bounds_are_those_of_the_components_at_hand() -> None:
    recipe, findings = read_file(Source("a.train", "loss cross-entropy\nsearch smoothing in 0..0.5"))
    assert not findings
    assert recipe.recipe.search
    for text in ("search smoothing in 0..2", "search momentum in {0.9, 1.5}"):
        _, findings = read_file(Source("a.train", text))
        assert [finding.code for finding in findings] == ["ND531"]


def test_a_point_changes_what_it_names_and_nothing_else() -> None:
    recipe = recipe_of(
        "optimizer sgd rate 0.5 momentum 0.7; augment flip, rotate 10; schedule warmup 2, step 0.5 every 3; "
        "search schedule in {step, cosine}, factor in 0.1..0.5, to in 0..0.01, "
        "rotate in 1..20, batch in {8, 16}"
    )
    point = {"batch": 8, "factor": 0.25, "to": 0.005, "rotate": 5.0, "schedule": "step"}
    assert set(at_home(recipe, point)) == {"batch", "factor", "rotate", "schedule"}
    assert set(at_home(recipe, point | {"schedule": "cosine"})) == {"batch", "to", "rotate", "schedule"}
    found = recipe_at(recipe, at_home(recipe, point))
    assert found == recipe_of(
        "optimizer sgd rate 0.5 momentum 0.7; augment flip, rotate 5; schedule warmup 2, step 0.25 every 3; "
        "batch 8"
    )
    found = recipe_at(recipe, {"schedule": "cosine", "to": 0.005})
    assert found.schedule.text() == recipe_of("schedule warmup 2, cosine to 0.005").schedule.text()


def test_a_schedule_of_rates_is_scaled() -> None:
    recipe = recipe_of("schedule 0.01*5 : 0.001*3; search rate in 1e-4..1e-1 log")
    assert own_point(recipe) == {"rate": 0.01}
    assert recipe_at(recipe, {"rate": 0.05}).schedule == recipe_of("schedule 0.05*5 : 0.005*3").schedule


def test_the_point_of_the_recipe_itself() -> None:
    recipe = recipe_of("batch 64; search rate in 1e-3..1 log, batch in {32, 64}, optimizer in {sgd}")
    point = own_point(recipe)
    assert point == {"rate": 0.01, "batch": 64, "optimizer": "sgd"}
    assert recipe_at(recipe, point) == recipe._replace(search=())
    assert own_point(recipe_of("batch 48; search batch in {32, 64}")) is None


def test_values_within() -> None:
    assert is_within(Range("rate", 0.1, 1.0), 0.5)
    assert is_within(Range("batch", 1, 5), 5)
    assert is_within(Choices("batch", (1, 2)), 2)
    for one, value in [
        (Range("rate", 0.1, 1.0), 1.5),
        (Range("rate", 0.1, 1.0), "0.5"),
        (Range("rate", 0.1, 1.0), float("nan")),
        (Range("batch", 1, 5), 2.5),
        (Range("batch", 1, 5), True),
        (Choices("batch", (1, 2)), True),
        (Choices("init", ("he",)), "glorot"),
    ]:
        assert not is_within(one, value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "loss cross-entropy smoothing 0.1 weights {1, 2, 1, 1, 1, 1, 1, 1, 1, 1}; batch 7; seed 0",
        "schedule 0.01*5 : 0.001*3; epochs 9; stop after 3; init glorot; split 70/20/10",
        "schedule warmup 3, plateau 0.1 after 3; augment flip, rotate 12.5, colour 0.2",
        "schedule warmup 3, cosine to 0.001; optimizer sgd rate 0.02 momentum 0",
    ],
)
def test_a_recipe_as_a_file_is_read_again(text: str) -> None:
    recipe = recipe_of(text)
    written, findings = read_file(Source("best.train", recipe_as_file(recipe, ["a comment: {", "# more"])))
    assert not findings
    assert written.recipe == recipe


def test_every_component_as_a_file_is_read_again() -> None:
    for owner, kinds in {
        "optimizer": optimizers(),
        "loss": loss_kinds(),
        "init": initializer_kinds(),
    }.items():
        for name in kinds:
            recipe = recipe_of(f"{owner} {name}")
            written, findings = read_file(Source("best.train", recipe_as_file(recipe)))
            assert not findings
            assert written.recipe == recipe
