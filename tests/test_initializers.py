"""The numbers that weights start from."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from netdsl.data.randomness import stream
from netdsl.initializers import initializers
from netdsl.layers.layer import Parameter
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.program.lower import training_program
from netdsl.recipe.recipe import Recipe
from netdsl.training.session_pool import first_values

WEIGHTS = Parameter("weights", (200, 300), fan_in=200, fan_out=300)


VARIANCES = {"he": 2 / 200, "glorot": 2 / 500}
"""Of those weights."""


def test_every_rule_has_a_case() -> None:
    assert set(VARIANCES) == set(initializers())


@pytest.mark.parametrize(("name", "variance"), VARIANCES.items())
def test_variance(name: str, variance: float) -> None:
    values = initializers()[name].draw(stream(1, "test"), WEIGHTS)
    assert values.dtype == np.float32
    assert values.shape == WEIGHTS.shape
    assert abs(values.mean()) < 0.01 * sqrt(variance) * 5
    assert values.var() == pytest.approx(variance, rel=0.02)


def test_glorot_is_uniform_within_its_limit() -> None:
    values = initializers()["glorot"].draw(stream(1, "test"), WEIGHTS)
    limit = sqrt(6 / 500)
    assert np.abs(values).max() <= limit * 1.0001
    assert np.histogram(values, 10, (-limit, limit))[0].min() > 0.95 * values.size / 10


def test_streams_are_of_seed_and_purpose_alone() -> None:
    first = stream(1, "CONV1.weights").random(4)
    assert (first == stream(1, "CONV1.weights").random(4)).all()
    assert (first != stream(2, "CONV1.weights").random(4)).all()
    assert (first != stream(1, "CONV2.weights").random(4)).all()


def values(text: str, seed: int = 1) -> dict[str, np.ndarray]:
    plan = load_plan(text).plan
    assert plan is not None
    program = training_program(
        plan, 2, loss=losses()["cross-entropy"], optimizer=Sgd(momentum=0.9, decay=0.0)
    )
    return first_values(plan, Recipe(seed=seed), program.stored)


def test_another_layer_leaves_the_others_as_they_were() -> None:
    short = values("input 8x8x1\nCONV1: 4 3x3\nFC9: 10")
    deep = values("input 8x8x1\nCONV1: 4 3x3\nRELU\nCONV2: 4 3x3 pad 1\nRELU\nFC9: 10")
    assert (short["CONV1.weights"] == deep["CONV1.weights"]).all()
    assert (short["FC9.weights"] == deep["FC9.weights"]).all()
    assert (short["CONV1.weights"] != values("input 8x8x1\nCONV1: 4 3x3\nFC9: 10", 2)["CONV1.weights"]).all()


def test_what_is_no_weight_starts_filled() -> None:
    store = values("input 8x8x1\nCONV1: 4 3x3\nBN1\nFC1: 10")
    assert (store["CONV1.bias"] == 0).all()
    assert (store["CONV1.weights.velocity"] == 0).all()
    normalisation = [array for name, array in store.items() if name.startswith("BN1")]
    assert {tuple(np.unique(array)) for array in normalisation} == {(0.0,), (1.0,)}
    assert all(array.dtype == np.float32 and array.flags.c_contiguous for array in store.values())
