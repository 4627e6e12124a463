"""A few images in place of all: for a dry run, or to be learned by heart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netdsl.data.randomness import stream
from netdsl.data.split import Parts
from netdsl.recipe.recipe import Recipe
from netdsl.training.batches import batch_sizes, epoch_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

FULL_STEPS = 2
"""Of a dry run, before the last step, whose batch may be smaller."""


def few_of_each(parts: Parts, recipe: Recipe) -> Parts:
    """So many images of each part that every size of a batch of the run occurs, and nothing more."""
    found = []
    for number, part in enumerate(parts):
        sizes = batch_sizes(len(part), recipe.batch)
        full = FULL_STEPS if number == 0 else 1
        count = sum(sizes[:full]) + sizes[-1] if len(sizes) > full else len(part)
        found.append(np.sort(epoch_order(part, recipe.seed, 1)[:count]))
    return Parts(*found)


def some_of_each_class(
    labels: NDArray[np.int64], part: NDArray[np.int64], count: int, seed: int
) -> NDArray[np.int64]:
    """``count`` images of a part, or all there are: one of each class, a second of each, and so on."""
    shuffled = stream(seed, "images to overfit").permutation(part)
    turn = np.empty(len(shuffled), np.int64)
    for label in np.unique(labels[shuffled]):
        members = np.flatnonzero(labels[shuffled] == label)
        turn[members] = np.arange(len(members))
    return np.sort(shuffled[np.argsort(turn, kind="stable")[:count]])
