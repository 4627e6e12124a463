"""What training reports as it goes, and how far it has come. Loads no NumPy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class StepRecord(NamedTuple):
    """One training step. ``loss`` is that of its batch, ``accuracy`` that of the epoch so far."""

    epoch: int
    step: int
    steps: int
    images: int
    loss: float
    accuracy: float


class EvaluationRecord(NamedTuple):
    """One batch of an evaluation."""

    step: int
    steps: int
    images: int


class EpochRecord(NamedTuple):
    """One epoch, counted from 1. Losses are means per image, accuracies shares of 1.

    The training figures are those of the steps as they were made, so they lag behind.
    ``validation_top5`` is None where there are too few classes for it. ``rate`` is the learning rate of
    the epoch's last step. Both are None in runs of versions that did not record them.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    validation_top5: float | None = None
    rate: float | None = None


Record = StepRecord | EvaluationRecord | EpochRecord


@dataclass
class Progress:
    """How far training has come: ``epoch`` whole epochs and ``step`` steps of the next one.

    ``loss_sum`` and ``correct`` are sums over the images of those steps.
    """

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    history: list[EpochRecord] = field(default_factory=list)

    @property
    def begun(self) -> bool:
        return self.epoch > 0 or self.step > 0

    @property
    def best(self) -> EpochRecord | None:
        """The epoch with the highest validation accuracy, then the lowest loss, then the first."""
        ranked = sorted(
            self.history, key=lambda record: (-record.validation_accuracy, record.validation_loss)
        )
        return ranked[0] if ranked else None

    def stops(self, patience: int) -> bool:
        """Whether the best of the epochs is so many epochs ago; never with a ``patience`` of 0."""
        return patience > 0 and self.best is not None and self.epoch - self.best.epoch >= patience
