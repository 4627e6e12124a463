"""What one part of a recipe makes of another: options over entries, schedules over rates."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from netdsl.commands.running.recipe_options import chosen_recipe
from netdsl.diagnostics import Diagnosed
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.recipe.entries import entries
from netdsl.recipe.points import recipe_at
from netdsl.recipe.stored import entry_from_text, recipe_as_json, recipe_from_json
from netdsl.rules import advise
from netdsl.training.memorising import by_heart


def planned(recipe: str) -> Plan:
    plan, findings = load_plan(f"input 8x8x1\nCONV1: 2 3x3\nFC1: 10\ntrain {{ {recipe} }}\n")
    assert plan is not None, findings
    return plan


def test_without_decay_nothing_says_what_decays() -> None:
    """Neither an option nor a search writes a recipe that cannot be read again."""
    plan = planned("optimizer sgd decay 5e-4 all; search decay in {0, 1e-3}")
    chosen = chosen_recipe(plan.network, None, {"decay": 0.0})
    for recipe in (chosen, recipe_at(chosen, {"decay": 0.0}), recipe_at(chosen, {"decay": 0})):
        assert recipe.optimizer.values()["decay_all"] is False
        assert recipe_from_json(recipe_as_json(recipe)) == recipe
    kept = recipe_at(chosen_recipe(plan.network, None, {}), {"decay": 1e-3})
    assert kept.optimizer.values()["decay_all"] is True
    with pytest.raises(click.UsageError, match="what decays"):
        chosen_recipe(plan.network, None, {"decay": 0.0, "decay_all": True})


def test_what_a_file_says_can_be_taken_back() -> None:
    plan = planned("classes a, b; clip 1; average 0.9; freeze CONV1; factor FC1 2; stop 3; augment flip")
    given = {
        name: entry_from_text(entries()[name], "none")
        for name in ("classes", "clip", "average", "freeze", "factor")
    }
    given |= {
        name: entry_from_text(entries()[name], word)
        for name, word in (("stop", "never"), ("augment", "none"))
    }
    assert chosen_recipe(plan.network, None, given) == planned("epochs 15").network.recipe.recipe  # type: ignore[union-attr]


def test_a_layer_may_be_called_none() -> None:
    for name in ("freeze", "factor"):
        number = " 2.0" if name == "factor" else ""
        for label in ('"none"', "none*"):
            value = entry_from_text(entries()[name], f"{label}{number}")
            assert value
            assert entry_from_text(entries()[name], entries()[name].text(value)) == value
    assert entry_from_text(entries()["freeze"], "none, CONV1") == ("none", "CONV1")


def test_a_rate_scales_a_schedule_of_rates() -> None:
    plan = planned("optimizer adam; schedule 0.02*5 : 0.002*3")
    recipe = chosen_recipe(plan.network, None, {"rate": 0.1})
    assert recipe.schedule.text() == "0.1*5 : 0.01*3"
    assert recipe.rate == recipe.optimizer.rate == 0.1
    schedule = entry_from_text(entries()["schedule"], "0.02*5")
    with pytest.raises(click.UsageError, match="with a --schedule"):
        chosen_recipe(plan.network, None, {"rate": 0.1, "schedule": schedule})


def test_images_are_learnt_by_heart_at_the_rate_of_the_schedule() -> None:
    plan = planned("schedule warmup 1, 0.002*3 : 0.0001*3")
    recipe = chosen_recipe(plan.network, None, {})
    assert recipe.rate == 0.002
    assert by_heart(plan, recipe, 20, None)[1].rate == 0.002


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("schedule 0.01*5 : 0.001*20", "made for 25 epochs, but training ends after 15"),
        ("schedule warmup 20, cosine", "made for 20 epochs"),
        ("schedule 0.01*5; epochs 9", ""),
        ("optimizer sgd rate 0.1; schedule 0.02*5", "the rate 0.1 of the optimizer has no effect"),
        ("optimizer sgd rate 0.02; schedule 0.02*5", ""),
        ("optimizer sgd; schedule 0.02*5", ""),
        ("optimizer sgd rate 0.1; schedule cosine", ""),
    ],
)
def test_a_schedule_that_does_not_do_what_is_written(recipe: str, words: str) -> None:
    found = [finding.message for finding in advise(planned(recipe)) if finding.code == "ND531"]
    assert len(found) == bool(words)
    assert all(words in message for message in found)


@pytest.mark.parametrize("names", ["none, some", "none-a, b", "nonea, b", "a, none"])
def test_a_class_may_be_called_none(names: str) -> None:
    assert entry_from_text(entries()["classes"], names) == tuple(names.split(", "))


def test_none_ends_where_the_next_entry_begins() -> None:
    written = planned("clip none, freeze none batch 7, average none").network.recipe
    assert written is not None
    assert (written.recipe.clip, written.recipe.freeze, written.recipe.batch) == (0.0, (), 7)


@pytest.mark.parametrize(
    ("schedule", "begun", "differs"),
    [
        ("cosine", 2, True),
        ("cosine", 1, True),
        ("cosine", 0, False),
        ("warmup 2, cosine", 2, False),
        ("warmup 2, cosine", 4, True),
        ("constant", 5, False),
        ("step 0.5 every 2", 5, False),
        ("0.1*2 : 0.01*2", 4, False),
        ("plateau 0.5 after 2", 4, False),
    ],
)
def test_more_epochs_are_other_rates_of_some_schedules(schedule: str, begun: int, differs: bool) -> None:
    one = entry_from_text(entries()["schedule"], schedule)
    assert one.follows_epochs(begun, 5, 9) is differs
    assert one.follows_epochs(begun, 9, 9) is False


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("nesterov", "`optimizer nesterov`"),
        ("adam rate 0.1", "`optimizer adam`"),
        ("hinge", "`loss hinge`"),
        ("cosine", "`schedule cosine`"),
        ("glorot", "`init glorot`"),
        ("colour 0.2", "`augment colour`"),
    ],
)
def test_what_belongs_to_an_entry_says_to_which(line: str, cure: str) -> None:
    (finding,) = load_plan(f"input 8x8x1\nFC1: 10\ntrain {{ {line} }}\n").diagnostics
    assert (finding.code, finding.help) == ("ND530", (f"write {cure}",))


@pytest.mark.parametrize(
    ("name", "text", "code", "words"),
    [
        ("a.train", "train {\nbatch 8\n}\n", "ND530", "no `train { }` around it"),
        ("a.train", "input 8x8x1\nFC1: 10\ntrain { batch 8 }\n", "ND008", "a network, not a recipe"),
        ("a.train", "", "ND006", "a recipe has lines such as"),
        ("b.train", None, "ND001", "did you mean `a.train`?"),
    ],
)
def test_a_file_that_is_no_recipe_is_one_finding(
    name: str, text: str | None, code: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.train").write_text(text or "")
    with pytest.raises(Diagnosed) as raised:
        chosen_recipe(planned("batch 8").network, name, {})
    (finding,) = raised.value.diagnostics
    assert finding.code == code
    assert words in "\n".join([finding.message, *finding.help])
