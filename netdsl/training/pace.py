"""How fast a run goes, measured as its records come, and how long the rest of it will take."""

from __future__ import annotations

import time
from typing import NamedTuple

from netdsl.training.records import EvaluationRecord, Progress, Record, StepRecord

_BUCKET_SECONDS = 30.0
"""Steps of the last one to two times this long decide what is expected of those to come."""

_FORWARD_SHARE = 1 / 3
"""Of a training step, what evaluating takes where it has not been measured: the backward pass computes
two products for each one of the forward pass."""


class Work(NamedTuple):
    """Images of the parts, and how many epochs there are in all."""

    train: int
    validation: int
    test: int
    epochs: int


class Timing(NamedTuple):
    """Of one epoch: the seconds of its training and validation, and the images per second of its training
    steps. None where they were not measured, as of an epoch that was interrupted."""

    seconds: float | None
    images_per_second: float | None


class _Mean:
    """Seconds per image over what came last."""

    def __init__(self) -> None:
        self._seconds, self._images = 0.0, 0
        self._before_seconds, self._before_images = 0.0, 0

    def add(self, seconds: float, images: int) -> None:
        if self._seconds > _BUCKET_SECONDS:
            self._before_seconds, self._before_images = self._seconds, self._images
            self._seconds, self._images = 0.0, 0
        self._seconds += seconds
        self._images += images

    @property
    def value(self) -> float | None:
        images = self._images + self._before_images
        return (self._seconds + self._before_seconds) / images if images else None


class Pace:
    """Takes notice of every record of a run, in order."""

    def __init__(self, work: Work, progress: Progress, step_images: int) -> None:
        """``step_images`` is the number of images per step."""
        self._work = work
        self.timings: dict[int, Timing] = {}
        self._epochs_done = progress.epoch
        self._trained = min(progress.step * step_images, work.train)
        self._validated = 0
        self._step, self._evaluation = _Mean(), _Mean()
        self._saving_seconds, self._savings = 0.0, 0
        self._expected_saving_seconds = 0.0
        self._epoch_seconds, self._epoch_images = 0.0, 0
        self.begin()
        self._whole = progress.step == 0

    def begin(self) -> None:
        """The clock of the next record starts now."""
        self.now = self._epoch_began = time.perf_counter()

    def expect(self, seconds_per_image: float, saving_seconds: float) -> None:
        """What a training step takes for each of its images, and writing what an epoch leaves behind:
        what is reckoned with before either has been done."""
        self._step.add(seconds_per_image, 1)
        self._expected_saving_seconds = saving_seconds

    def note(self, record: Record) -> None:
        """A record has come."""
        before, self.now = self.now, time.perf_counter()
        if isinstance(record, StepRecord):
            self._note_step(record, self.now - before)
        elif isinstance(record, EvaluationRecord):
            # The first step may have had to wait for its kernels.
            if record.step > 1 or record.steps == 1:
                self._evaluation.add(self.now - before, record.images)
            self._validated += record.images
        else:
            seconds = self.now - self._epoch_began if self._whole else None
            self.timings[record.epoch] = Timing(seconds, self.images_per_second or None)
            self._epochs_done, self._trained, self._validated = record.epoch, 0, 0

    def _note_step(self, record: StepRecord, seconds: float) -> None:
        if record.step == 1:
            self._epoch_seconds, self._epoch_images = 0.0, 0
        self._trained += record.images
        # The last step of several is the rest, of another size, for which the very first epoch may
        # have to compile.
        if record.step < record.steps or record.steps == 1:
            self._epoch_seconds += seconds
            self._epoch_images += record.images
            self._step.add(seconds, record.images)

    def saved(self) -> None:
        """All that an epoch leaves behind has been written."""
        before, self.now = self.now, time.perf_counter()
        self._saving_seconds += self.now - before
        self._savings += 1
        self._epoch_began, self._whole = self.now, True

    @property
    def images_per_second(self) -> float:
        """Of the training steps of the epoch so far, validation and writing left out."""
        return self._epoch_images / self._epoch_seconds if self._epoch_seconds else 0.0

    @property
    def epoch_seconds(self) -> float | None:
        """What a whole epoch takes; None while nothing is known."""
        return self._expected(self._work.train, self._work.validation, 1)

    @property
    def seconds_left(self) -> float | None:
        """What the rest of the run takes, its test included; None while nothing is known."""
        work, epochs = self._work, self._work.epochs - self._epochs_done
        train = max(epochs * work.train - self._trained, 0)
        evaluation = max(epochs * work.validation - self._validated, 0) + work.test
        return self._expected(train, evaluation, epochs)

    def _expected(self, train: int, evaluation: int, savings: int) -> float | None:
        step = self._step.value
        if step is None:
            return None
        forward = self._evaluation.value
        if forward is None:
            forward = step * _FORWARD_SHARE
        saving = self._expected_saving_seconds
        if self._savings:
            saving = self._saving_seconds / self._savings
        return train * step + evaluation * forward + savings * saving
