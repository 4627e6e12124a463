"""Learning some images by heart: whether a network is able to learn at all."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from netdsl.recipe.recipe import Recipe
from netdsl.training.batches import batch_sizes
from netdsl.training.loop import train
from netdsl.training.records import EpochRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netdsl.planning.plan import Plan
    from netdsl.training.run import Run

MOST_STEPS = 1000
"""To learn some images by heart."""

_FITTED = 0.01
"""Of the loss of guessing; for a loss that guessing says nothing of, of 1."""


def by_heart(plan: Plan, recipe: Recipe, count: int, epochs: int | None) -> tuple[Plan, Recipe]:
    """Network and recipe without all that keeps a network from learning images by heart.

    No weight decay, no smoothing, no augmentation, no dropout, no average of the weights, and the rate
    stays as it begins. ``epochs`` is the limit, MOST_STEPS steps by default.
    """
    layers = tuple(
        layer._replace(node=layer.node._replace(layer=layer.node.layer.without_chance()))
        for layer in plan.layers
    )
    batch = min(recipe.batch, count)
    steps = len(batch_sizes(count, batch))
    defaults = Recipe()
    optimizer = recipe.optimizer.replaced(rate=recipe.rate)
    if "decay" in optimizer.options():
        optimizer = optimizer.replaced(decay=0.0)
    loss = recipe.loss.replaced(smoothing=0.0) if "smoothing" in recipe.loss.options() else recipe.loss
    learned = recipe._replace(
        optimizer=optimizer,
        loss=loss,
        schedule=defaults.schedule,
        augment=(),
        average=0.0,
        batch=batch,
        epochs=epochs or ceil(MOST_STEPS / steps),
        stop=0,
        search=(),
    )
    return plan._replace(layers=layers), learned


class Learned(NamedTuple):
    """How well some images are known by heart after so many steps: ``loss`` and ``accuracy`` are those of
    the network as evaluation computes it, on these images."""

    steps: int
    loss: float
    accuracy: float
    fits: bool


def learn_by_heart(run: Run) -> Iterator[Learned]:
    """Train until the images of the run's training part are known by heart, or to the last epoch.

    The run is one of a plan and a recipe that ``by_heart`` gave, whose validation part is its training part.
    """
    expected = run.recipe.loss.untrained(run.plan.output.values)
    goal = _FITTED * (expected.equal if expected is not None and expected.equal else 1.0)
    steps = len(batch_sizes(len(run.parts.train), run.recipe.batch))
    for record in train(run.sessions, run.images, run.parts, run.recipe, run.progress, run.dataset.name):
        if isinstance(record, EpochRecord):
            fits = record.validation_accuracy == 1 and record.validation_loss <= goal
            yield Learned(record.epoch * steps, record.validation_loss, record.validation_accuracy, fits)
            if fits:
                return


def contradiction(run: Run) -> tuple[int, int] | None:
    """Two images of the training part that are equal and have different classes, or None."""
    seen: dict[bytes, int] = {}
    for number in run.parts.train.tolist():
        earlier = seen.setdefault(run.dataset.pixels[number].tobytes(), number)
        if run.dataset.labels[earlier] != run.dataset.labels[number]:
            return earlier, number
    return None
