"""Class weights over the batches of one update: those of one large batch."""

from __future__ import annotations

import numpy as np
import pytest

from netdsl.backend import backend
from netdsl.planning.pipeline import load_plan
from netdsl.training.loop import train
from netdsl.training.run import Run, new_run

SMALL, TOGETHER = 20, 3


def trained(recipe: str, batch: int, accumulate: int) -> tuple[Run, dict[str, np.ndarray]]:
    """A run of one epoch, and what its weights were before."""
    text = f"input 8x8x1\nFC1: 16 - RELU - FC2: 10\ntrain {{ {recipe}; epochs 1; optimizer sgd rate 0.1 }}\n"
    plan = load_plan(text, "test").plan
    assert plan is not None
    assert plan.network.recipe is not None
    chosen = plan.network.recipe.recipe._replace(batch=batch, accumulate=accumulate)
    run = new_run(plan, chosen, backend("numpy"), 1)
    before = {name: array.copy() for name, array in run.sessions.store.items()}
    for _ in train(run.sessions, run.images, run.parts, run.recipe, run.progress, "digits"):
        pass
    return run, before


@pytest.mark.parametrize(
    "recipe",
    [
        "loss cross-entropy weights {1, 50, 1, 1, 0.1, 1, 1, 20, 1, 1}",
        "loss cross-entropy balanced",
        "loss cross-entropy smoothing 0.2 weights {1, 50, 1, 1, 0.1, 1, 1, 20, 1, 1}; clip 1\n"
        "augment mixup 1",
    ],
)
def test_batches_of_an_update_are_one_large_batch(recipe: str) -> None:
    apart, before = trained(recipe, SMALL, TOGETHER)
    whole, _ = trained(recipe, SMALL * TOGETHER, 1)
    for name in before:
        if name.startswith("FC") and name.count(".") == 1:
            moved = np.abs(whole.sessions.store[name] - before[name]).max()
            difference = np.abs(whole.sessions.store[name] - apart.sessions.store[name]).max()
            assert difference < 1e-4 * moved, name
