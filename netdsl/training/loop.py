"""The training loop: a generator of records. It prints nothing and writes no file.

Whenever it hands out a record, store and progress together are a whole state: saved then and loaded
later, training continues bit for bit as if it had not stopped.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from math import isfinite
from typing import TYPE_CHECKING, Protocol

import numpy as np

from netdsl.data.split import Parts
from netdsl.recipe.recipe import Recipe
from netdsl.training.augmenting import augmenting
from netdsl.training.batches import Step, batch_sizes, counts_of, epoch_order, step_seed, steps_over
from netdsl.training.divergence import Diverged
from netdsl.training.metrics import TOP, Evaluation, certainties, count_in_top
from netdsl.training.numbers import learning_rate, step_numbers
from netdsl.training.overflow import all_finite, diverged
from netdsl.training.records import EpochRecord, EvaluationRecord, Progress, Record, StepRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.backend.session import Images, Session, Store
    from netdsl.losses.loss import Loss
    from netdsl.planning.plan import Plan


class Sessions(Protocol):
    """Where the loop gets its sessions from: a Machine."""

    plan: Plan
    store: Store

    @property
    def loss(self) -> Loss: ...

    def training(self, batch: int) -> Session: ...

    def inference(self, batch: int) -> Session: ...


def train(
    sessions: Sessions, images: Images, parts: Parts, recipe: Recipe, progress: Progress, name: str
) -> Iterator[Record]:
    """Train from ``progress`` on to the recipe's last epoch, changing store and progress in place.

    Ends sooner where ``Progress.stops`` says so.

    ``name`` is that of the data. Raises Diverged (ND512) where the loss or a score is no longer finite.
    """
    sizes = batch_sizes(len(parts.train), recipe.batch)
    changing = augmenting(recipe.augment, images, parts.train, recipe.seed)
    weights = sessions.loss.counts(images.targets.shape[1])
    while progress.epoch < recipe.epochs and not progress.stops(recipe.stop):
        epoch = progress.epoch + 1
        order = epoch_order(parts.train, recipe.seed, epoch)
        seen = sum(sizes[: progress.step])
        losses = tuple(record.validation_loss for record in progress.history)
        changes_of = changing.changes_of(epoch)
        count = (
            None
            if weights is None
            else counts_of(weights, images.labels, order, sizes, changing.mixing_of(epoch))
        )
        for step, following in steps_over(sessions.training, images, order, sizes, progress.step, changes_of):
            seed = step_seed(recipe.seed, epoch, progress.step + 1)
            numbers = step_numbers(recipe, sizes, progress.epoch, progress.step, losses, count)
            loss, correct, finite = _update(step, following, numbers, seed)
            if not finite:
                said, rate = f"{_spoilt(loss)} at epoch {epoch}, step {progress.step + 1}", recipe.rate
                finding = diverged(sessions, images, parts.train, said, rate, name)
                raise Diverged(finding, said, epoch, progress.step + 1)
            seen += step.size
            progress.step += 1
            progress.loss_sum += loss * step.size
            progress.correct += correct
            yield StepRecord(epoch, progress.step, len(sizes), step.size, loss, progress.correct / seen)
        validation = yield from evaluate(sessions, images, parts.validation, recipe.batch)
        if not isfinite(validation.loss) or validation.spoilt is not None:
            said, rate = f"{_spoilt(validation.loss)} in the validation of epoch {epoch}", recipe.rate
            finding = diverged(sessions, images, parts.validation, said, rate, name)
            raise Diverged(finding, said, epoch, len(sizes) + 1)
        record = EpochRecord(
            epoch,
            progress.loss_sum / len(parts.train),
            progress.correct / len(parts.train),
            validation.loss,
            validation.accuracy,
            validation.top5_accuracy,
            learning_rate(recipe, sizes, progress.epoch, len(sizes) - 1, losses),
        )
        progress.history.append(record)
        progress.epoch, progress.step, progress.loss_sum, progress.correct = epoch, 0, 0.0, 0
        yield record


def _update(
    step: Step, following: Step | None, numbers: dict[str, float], seed: int
) -> tuple[float, int, bool]:
    """One step; the loss of the batch, how many of its images were right beforehand, and whether the
    loss and all scores are finite. ``numbers`` are inputs that the program may read."""
    session = step.session
    for name, number in numbers.items():
        if name in session.inputs:
            session.inputs[name][...] = number
    if "seed" in session.inputs:
        session.inputs["seed"][...] = seed
    _run(step, following)
    loss = float(session.outputs["loss"])
    finite = isfinite(loss) and all_finite(session.outputs["scores"])
    return loss, int(np.count_nonzero(_answers(step) == step.labels)), finite


def _spoilt(loss: float) -> str:
    """What is not finite, with this loss, in a message."""
    if isfinite(loss):
        return "the scores are no longer finite"
    return "the loss is no longer finite"


def _run(step: Step, following: Step | None) -> None:
    step.session.run(None if following is None else (following.session, following.batch))


def evaluate(
    sessions: Sessions, images: Images, chosen: NDArray[np.int64], batch: int, *, certain: bool = False
) -> Generator[EvaluationRecord, None, Evaluation]:
    """Run the network on the chosen images without changing it; returns the Evaluation.

    ``certain`` says whether that has the probabilities of the answers.
    """
    sizes = batch_sizes(len(chosen), batch)
    predicted = np.empty(len(chosen), np.int64)
    probabilities = np.empty((2, len(chosen)), np.float32) if certain else None
    loss_sum, end = 0.0, 0
    top5 = 0 if len(images.targets) > TOP else None
    spoilt: int | None = None
    steps = steps_over(sessions.inference, images, chosen, sizes)
    for number, (step, following) in enumerate(steps, start=1):
        _run(step, following)
        loss_sum += float(step.session.outputs["loss"]) * step.size
        predicted[end : end + step.size] = _answers(step)
        scores = step.session.outputs["scores"]
        if spoilt is None and not all_finite(scores):
            spoilt = int(chosen[end + int(np.isfinite(scores).all(axis=1).argmin())])
        if top5 is not None:
            top5 += count_in_top(scores[:, : len(images.targets)], step.labels)
        if probabilities is not None:
            answers = predicted[end : end + step.size]
            shares = step.session.outputs["probabilities"]
            probabilities[:, end : end + step.size] = certainties(shares, step.labels, answers)
        end += step.size
        yield EvaluationRecord(number, len(sizes), step.size)
    return Evaluation(loss_sum / len(chosen), images.labels[chosen], predicted, spoilt, top5, probabilities)


def evaluated(
    sessions: Sessions, images: Images, chosen: NDArray[np.int64], batch: int, *, certain: bool = False
) -> Evaluation:
    """The Evaluation at once, for callers that need no records."""
    steps = evaluate(sessions, images, chosen, batch, certain=certain)
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            outcome: Evaluation = finished.value
            return outcome


def _answers(step: Step) -> NDArray[np.int64]:
    """The class with the highest score for each image of the batch; scores without a class do not count."""
    classes = len(step.batch.images.targets)
    answers: NDArray[np.int64] = step.session.outputs["scores"][:, :classes].argmax(axis=1)
    return answers
