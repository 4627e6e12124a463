"""Settings of the optimizer, the loss or the schedule on lines of their own."""

from __future__ import annotations

import pytest

from netdsl.planning.pipeline import load_plan
from netdsl.recipe.recipe import Recipe

BASE = "input 8x8x1\nFC 10\n"


def recipe(lines: str) -> Recipe:
    plan, findings = load_plan(f"{BASE}train {{\n{lines}\n}}\n")
    assert plan is not None, findings
    assert plan.network.recipe is not None
    return plan.network.recipe.recipe


@pytest.mark.parametrize(
    ("apart", "together"),
    [
        ("optimizer sgd rate 0.1\ndecay 1e-4 all", "optimizer sgd rate 0.1 decay 1e-4 all"),
        ("optimizer sgd rate 0.1 decay 1e-4\nall", "optimizer sgd rate 0.1 decay 1e-4 all"),
        ("decay all", "optimizer sgd decay all"),
        ("weight_decay: 1e-4 all  batch 64", "optimizer sgd decay 1e-4 all\nbatch 64"),
        ("all\noptimizer rmsprop\ndecay 1e-4", "optimizer rmsprop decay 1e-4 all"),
        ("lr 0.1, decay 1e-4 all, momentum 0.5", "optimizer sgd rate 0.1 decay 1e-4 all momentum 0.5"),
        ("loss hinge\nmargin 2 squared", "loss hinge margin 2 squared"),
        ("loss hinge\nsquared", "loss hinge squared"),
        ("class weights balanced", "loss cross-entropy weights balanced"),
        ("loss cross-entropy smoothing 0.1\nbalanced", "loss cross-entropy smoothing 0.1 balanced"),
    ],
)
def test_flags_stand_there_as_well(apart: str, together: str) -> None:
    assert recipe(apart) == recipe(together)


@pytest.mark.parametrize(
    ("lines", "code", "message"),
    [
        ("optimizer perceptron\nall", "ND530", "perceptron has no setting `all`"),
        ("optimizer sgd decay 1e-4 all\nall", "ND213", "`all` is given twice"),
        ("decay 1e-4 all\nall", "ND213", "`all` is given twice"),
        ("optimizer adam\nall", "ND531", "write `adam decay 5e-4 all`"),
        ("loss cross-entropy\nsquared", "ND530", "cross-entropy has no setting `squared`"),
        ("class weights {1, 2}\nbalanced", "ND531", "either given or balanced"),
        ("augment flip all", "ND530", "flip has no setting `all`"),
        ("lr all", "ND531", "`rate` is a number"),
        ("optimizer sgd rate all", "ND531", "`rate` is a number"),
        ("optimizer adam beta1 all", "ND531", "`beta1` is a number"),
        ("loss hinge margin squared", "ND531", "`margin` is a number"),
        ("loss cross-entropy smoothing balanced", "ND531", "`smoothing` is a number"),
        ("batch 64 all", "ND530", "`all` is a setting of `optimizer sgd`"),
        ("augment flip\nvertical", "ND530", "`vertical` is a setting of `augment flip`"),
    ],
)
def test_one_finding_where_they_mean_nothing(lines: str, code: str, message: str) -> None:
    plan, findings = load_plan(f"{BASE}train {{\n{lines}\n}}\n")
    assert plan is None
    assert [finding.code for finding in findings] == [code]
    assert message in findings[0].message
