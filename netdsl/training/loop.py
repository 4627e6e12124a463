"""The training loop: a generator of records. It prints nothing and writes no file.

Whenever it hands out a record, store and progress together are a whole state: saved then and loaded
later, training goes on bit for bit as if it had not stopped.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from math import isfinite
from typing import TYPE_CHECKING, Protocol

import numpy as np

from netdsl.data.split import Parts
from netdsl.diagnostics import Diagnosed, file_error
from netdsl.training.batches import Feed, batch_sizes, epoch_order, step_seed
from netdsl.training.metrics import Evaluation
from netdsl.training.recipe import Recipe
from netdsl.training.records import EpochRecord, EvaluationRecord, Progress, Record, StepRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.backend.session import Session, Store


class Sessions(Protocol):
    """Where the loop gets its sessions from: a Machine."""

    store: Store

    def training(self, batch: int) -> Session: ...

    def inference(self, batch: int) -> Session: ...


def train(
    machine: Sessions, feed: Feed, parts: Parts, recipe: Recipe, progress: Progress
) -> Iterator[Record]:
    """Train from ``progress`` on to the recipe's last epoch, changing store and progress in place.

    Raises Diagnosed (ND512) where the loss is no longer a finite number.
    """
    sizes = batch_sizes(len(parts.train), recipe.batch)
    ends = np.cumsum(sizes)
    while progress.epoch < recipe.epochs:
        epoch = progress.epoch + 1
        order = epoch_order(parts.train, recipe.seed, epoch)
        while progress.step < len(sizes):
            size, end = sizes[progress.step], int(ends[progress.step])
            loss, correct = _step(machine, feed, order[end - size : end], recipe, progress)
            progress.step += 1
            progress.loss_sum += loss * size
            progress.correct += correct
            yield StepRecord(epoch, progress.step, len(sizes), size, loss, progress.correct / end)
        validation = yield from evaluate(machine, feed, parts.validation, recipe.batch)
        if not isfinite(validation.loss):
            raise _diverged(machine.store, feed.dataset.name, f"in the validation of epoch {epoch}")
        record = EpochRecord(
            epoch,
            progress.loss_sum / len(parts.train),
            progress.correct / len(parts.train),
            validation.loss,
            validation.accuracy,
        )
        progress.history.append(record)
        progress.epoch, progress.step, progress.loss_sum, progress.correct = epoch, 0, 0.0, 0
        yield record


def _step(
    machine: Sessions, feed: Feed, chosen: NDArray[np.int64], recipe: Recipe, progress: Progress
) -> tuple[float, int]:
    """One update; the loss of the batch and how many of its images were right beforehand."""
    session = machine.training(len(chosen))
    labels = feed.write(session.inputs, chosen)
    session.inputs["rate"][...] = recipe.rate
    if "seed" in session.inputs:
        session.inputs["seed"][...] = step_seed(recipe.seed, progress.epoch + 1, progress.step + 1)
    session.run()
    loss = float(session.outputs["loss"])
    if not isfinite(loss):
        raise _diverged(
            machine.store, feed.dataset.name, f"at epoch {progress.epoch + 1}, step {progress.step + 1}"
        )
    return loss, int(np.count_nonzero(_answers(session, feed) == labels))


def evaluate(
    machine: Sessions, feed: Feed, chosen: NDArray[np.int64], batch: int
) -> Generator[EvaluationRecord, None, Evaluation]:
    """Run the network on the chosen images without changing it; returns the Evaluation."""
    sizes = batch_sizes(len(chosen), batch)
    predicted = np.empty(len(chosen), np.int64)
    loss_sum, end = 0.0, 0
    for step, size in enumerate(sizes, start=1):
        session = machine.inference(size)
        feed.write(session.inputs, chosen[end : end + size])
        session.run()
        loss_sum += float(session.outputs["loss"]) * size
        predicted[end : end + size] = _answers(session, feed)
        end += size
        yield EvaluationRecord(step, len(sizes), size)
    return Evaluation(loss_sum / len(chosen), feed.dataset.labels[chosen], predicted)


def evaluated(machine: Sessions, feed: Feed, chosen: NDArray[np.int64], batch: int) -> Evaluation:
    """The Evaluation at once, for who needs no records."""
    steps = evaluate(machine, feed, chosen, batch)
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            outcome: Evaluation = finished.value
            return outcome


def _answers(session: Session, feed: Feed) -> NDArray[np.int64]:
    """The class with the highest score for each image of the batch; scores without a class do not count."""
    scores = session.outputs["scores"][:, : len(feed.dataset.classes)]
    answers: NDArray[np.int64] = scores.argmax(axis=1)
    return answers


def _diverged(store: Store, name: str, moment: str) -> Diagnosed:
    """The finding for a loss that is NaN or infinite; names the first layer that is spoilt."""
    spoilt = next((array for array, values in store.items() if not np.isfinite(values).all()), None)
    if spoilt is None:
        largest = max(store, key=lambda array: float(np.abs(store[array]).max(initial=0)))
        where = f"all weights are still finite; the largest number is in {largest}"
    else:
        layer, _, array = spoilt.partition(".")
        where = f"the first layer with numbers that are not finite is {layer} (its {array})"
    return Diagnosed(
        file_error(
            "ND512",
            name,
            f"the loss is no longer a finite number {moment}; {where}",
            "lower --rate, for instance to a tenth; the last checkpoint in the run folder is whole",
        )
    )
