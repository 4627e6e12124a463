"""A trial: one recipe of a search, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

from netdsl.training.metrics import Interval, wilson_interval


class State(IntEnum):
    """How far a trial is; the numbers are those of Optuna's TrialState."""

    RUNNING = 0
    COMPLETE = 1
    PRUNED = 2
    FAILED = 3


class Failure(NamedTuple):
    """Why a trial came to no result: the code of a diagnostic, and its message."""

    code: str
    message: str


class Result(NamedTuple):
    """The epoch of a trial with the best validation accuracy, a share of 1; the loss is a mean."""

    epoch: int
    accuracy: float
    loss: float


class Look(NamedTuple):
    """A use of the test part: the accuracy of a trial's best epoch there, a share of 1."""

    trial: int
    accuracy: float
    images: int

    @property
    def interval(self) -> Interval:
        """The 95 % confidence interval of the accuracy."""
        return wilson_interval(round(self.accuracy * self.images), self.images)


@dataclass
class Trial:
    """``number`` counts from 1; ``point`` are its settings; ``accuracies`` those of its epochs in order,
    on the validation part, shares of 1. ``result`` is None before an epoch has ended. ``loss_counts`` says
    whether the losses of the search's trials measure the same, and can decide between equal accuracies."""

    number: int
    point: dict[str, Any]
    state: State = State.RUNNING
    accuracies: list[float] = field(default_factory=list)
    result: Result | None = None
    failure: Failure | None = None
    loss_counts: bool = True


def ranked(trials: list[Trial]) -> list[Trial]:
    """The best first: whole trials by accuracy, then loss, then number; then those that were pruned, then
    those without a result."""
    order = {State.COMPLETE: 0, State.PRUNED: 1, State.RUNNING: 2, State.FAILED: 3}

    def key(trial: Trial) -> tuple[int, float, float, int]:
        accuracy, loss = (trial.result.accuracy, trial.result.loss) if trial.result else (0.0, 0.0)
        return order[trial.state], -accuracy, loss if trial.loss_counts else 0.0, trial.number

    return sorted(trials, key=key)


def best_of(trials: list[Trial]) -> Trial | None:
    """The best trial that was trained to its end; None where there is none."""
    first = next(iter(ranked(trials)), None)
    return first if first is not None and first.state is State.COMPLETE else None
