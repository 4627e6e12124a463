"""The numbers of a step that no image decides: the rate, and what the optimizer's formulas read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netdsl.recipe.recipe import Recipe
from netdsl.schedules.schedule import Moment


def learning_rate(
    recipe: Recipe, sizes: Sequence[int], epoch: int, step: int, losses: tuple[float, ...]
) -> float:
    """The rate of the update that a step belongs to; takes the same as ``step_numbers``."""
    updates = -(-len(sizes) // recipe.accumulate)
    moment = Moment(epoch, step // recipe.accumulate, updates, recipe.epochs, losses)
    return recipe.schedule.rate(recipe.optimizer.rate, moment)


def step_numbers(
    recipe: Recipe,
    sizes: Sequence[int],
    epoch: int,
    step: int,
    losses: tuple[float, ...],
    count: Callable[[int], float] | None = None,
) -> dict[str, float]:
    """The inputs of a step by name; see ``write_updates``.

    ``sizes`` are those of an epoch's batches, ``epoch`` and ``step`` count from 0, and ``losses`` are the
    validation losses of the epochs before. ``count`` says what a batch counts in an update of several: its
    images where nothing is said. All follows from these, so that a run continues exactly where it
    stopped, within the batches of an update, too. The schedule counts updates.
    """
    batches = recipe.accumulate
    update, updates = step // batches, -(-len(sizes) // batches)
    number = epoch * updates + update + 1
    together = range(update * batches, min((update + 1) * batches, len(sizes)))
    count = count or sizes.__getitem__
    return {
        **recipe.optimizer.numbers(learning_rate(recipe, sizes, epoch, step, losses), number),
        "share": count(step) / sum(map(count, together)) if len(together) > 1 else 1.0,
        "begun": float(step > together.start),
        "update": float(step + 1 == together.stop),
        "newest": 1.0 if number == 1 else 1 - recipe.average,
    }
