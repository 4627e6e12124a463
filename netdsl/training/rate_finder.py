"""Finds a learning rate: training steps whose rate grows, and what the loss makes of it.

Smith, 2017, "Cyclical Learning Rates for Training Neural Networks", section 3.3, with a rate that grows by
the same factor in each step, as in fastai.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from netdsl.data.split import Parts
from netdsl.layers.option import count, real
from netdsl.schedules.schedule import Moment, Schedule
from netdsl.training.batches import batch_sizes
from netdsl.training.divergence import Diverged
from netdsl.training.loop import train
from netdsl.training.records import Progress, StepRecord
from netdsl.training.session_pool import first_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from netdsl.training.run import Run

LOWEST, HIGHEST = 1e-6, 10.0
STEPS = 100
TRIALS = 3

_BELOW = sqrt(10)
"""Half a decade below the rate of the lowest loss; docs/checking-a-run.md has the measurements behind it."""

_DIVERGED = 4.0
"""Times the lowest loss so far, smoothed; from there on, and above the first loss, nothing is learnt."""

_KEPT = 0.9
"""Of the smoothed loss, in each step of a test that continues."""

_DEVIATION = 0.03
"""Of the Gaussian that smooths a whole curve, in parts of its steps."""

_LEVEL = 0.2
"""The part of the steps at the beginning whose rates are too low to change the loss: they show its noise."""

_AGREE, _DIFFER = 3.0, 10.0
"""Between the highest and the lowest rate of the trials: up to there sure, from there on unsure."""

_FALL = 0.1
"""Of the first loss: less is a flat curve."""

_EDGE = 3
"""Steps at either end: a lowest loss there is none that the test has passed."""


class GrowingRate(Schedule):
    """A rate that grows by the same factor in each step, whatever the optimizer's is."""

    name: ClassVar[str] = "growing-rate"

    lowest = real("rate of the first step", default=LOWEST)
    highest = real("rate of the last step", default=HIGHEST)
    steps = count("steps from the lowest to the highest", default=STEPS)

    def rate(self, base: float, moment: Moment) -> float:
        share = moment.step / max(self.steps - 1, 1)
        return exp(log(self.lowest) + share * log(self.highest / self.lowest))

    def rate_after_warmup(self, base: float, moment: Moment) -> float:
        return self.rate(base, moment)


def trial(run: Run, schedule: GrowingRate, seed: int, threads: int) -> Iterator[float]:
    """The losses of updates with a growing rate, from weights drawn again to where they diverge.

    Uses the training part alone, in the order of several epochs one after another.
    """
    smoothed = weight = 0.0
    lowest = first = None
    for number, loss in enumerate(_updates(run, schedule, seed, threads), start=1):
        yield loss
        smoothed = _KEPT * smoothed + (1 - _KEPT) * loss
        weight = _KEPT * weight + (1 - _KEPT)
        now = smoothed / weight
        first = now if first is None else first
        lowest = now if lowest is None else min(lowest, now)
        if number == schedule.steps or now > max(_DIVERGED * lowest, first):
            return


def _updates(run: Run, schedule: GrowingRate, seed: int, threads: int) -> Iterator[float]:
    """The mean loss of the batches of each update, as long as it is finite."""
    sessions, part = run.sessions, run.parts.train
    batch, batches = min(run.recipe.batch, len(part)), run.recipe.accumulate
    recipe = run.recipe._replace(schedule=schedule, epochs=1, seed=seed, batch=batch)
    stored = sessions.programs.stored("train", run.first_batch)
    for name, values in first_values(run.plan, recipe, stored, threads).items():
        sessions.store[name][...] = values
    passes = -(-schedule.steps * batches // len(batch_sizes(len(part), batch))) + 1
    parts = Parts(np.tile(part, passes), part[:1], part[:1])
    losses: list[float] = []
    try:
        for record in train(sessions, run.images, parts, recipe, Progress(), run.dataset.name):
            if isinstance(record, StepRecord):
                losses.append(record.loss)
            if len(losses) == batches:
                yield sum(losses) / batches
                losses = []
    except Diverged:
        return


def smooth(losses: Sequence[float], steps: int) -> NDArray[np.float64]:
    """The means of a curve of a trial of ``steps`` around each step, weighted by a Gaussian.

    Losses above those of the beginning count as the highest of these: where training diverges they grow
    without end, and would drown what is around them.
    """
    values = np.asarray(losses, np.float64)
    values = np.minimum(values, values[: _level(steps)].max())
    distances = np.arange(len(values)) / (_DEVIATION * steps)
    weights = np.exp(-0.5 * (distances[:, None] - distances) ** 2)
    return np.asarray((weights * values).sum(axis=1) / weights.sum(axis=1))


def _level(steps: int) -> int:
    return max(round(_LEVEL * steps), 1)


class Found(NamedTuple):
    """A learning rate, and how sure it is.

    ``low`` and ``high`` are what the single trials give. ``doubts`` say why it is not sure; ``trials`` hold
    the losses of each trial, ``curve`` their smoothed mean as far as all of them go, by the ``rates`` of the
    steps. ``steepest`` is the rate where they fall fastest, ``lowest`` where they are lowest, in
    the mean over the trials as ``rate`` is.
    """

    rate: float
    low: float
    high: float
    confidence: str
    doubts: tuple[str, ...]
    steepest: float
    lowest: float
    rates: tuple[float, ...]
    trials: tuple[tuple[float, ...], ...]
    curve: tuple[float, ...]


def found(schedule: GrowingRate, trials: Sequence[Sequence[float]]) -> Found | None:
    """What some trials say; None where one has no step whose loss is finite."""
    if not trials or not all(trials):
        return None
    steps = max(map(len, trials))
    rates = [schedule.rate(0.0, Moment(0, step, schedule.steps, 1)) for step in range(steps)]
    curves = [smooth(losses, schedule.steps) for losses in trials]
    bottoms = [int(curve.argmin()) for curve in curves]
    ends = [rates[bottom] / _BELOW for bottom in bottoms]
    common = min(map(len, curves))
    curve = np.mean([curve[:common] for curve in curves], axis=0)
    falls = [
        int(np.gradient(curve)[: bottom + 1].argmin()) if len(curve) > 1 else 0
        for curve, bottom in zip(curves, bottoms, strict=True)
    ]
    doubts = tuple(_doubts(schedule, trials, curves, max(ends) / min(ends)))
    agree = "sure" if len(ends) > 1 and max(ends) <= _AGREE * min(ends) else "fairly sure"
    return Found(
        _middle(ends),
        min(ends),
        max(ends),
        "unsure" if doubts else agree,
        doubts,
        _middle([rates[index] for index in falls]),
        _middle([rates[index] for index in bottoms]),
        tuple(rates),
        tuple(tuple(losses) for losses in trials),
        tuple(curve.tolist()),
    )


def _middle(rates: Sequence[float]) -> float:
    """The geometric mean: rates are compared by their ratios."""
    return exp(sum(map(log, rates)) / len(rates))


def _doubts(
    schedule: GrowingRate,
    trials: Sequence[Sequence[float]],
    curves: Sequence[NDArray[np.float64]],
    factor: float,
) -> Iterator[str]:
    """Why the rate may be wrong, a clause each."""
    if factor > _DIFFER:
        yield f"the trials differ by a factor of {factor:.2g}"
    falls = [curve[0] - curve.min() for curve in curves]
    # A mean over steps is noisy too, less than a single one by the root of how many they are: a Gaussian
    # has the width of 3.5 deviations.
    level, over = _level(schedule.steps), max(3.5 * _DEVIATION * schedule.steps, 1.0)
    noise = [
        float(np.std(np.asarray(losses[:level]) - curve[:level])) / sqrt(over)
        for losses, curve in zip(trials, curves, strict=True)
    ]
    firsts = [abs(float(curve[0])) for curve in curves]
    if any(
        fall < _FALL * first or fall < 3 * spread
        for fall, first, spread in zip(falls, firsts, noise, strict=True)
    ):
        yield "the curve is flat: the loss hardly falls at any rate"
    bottoms = [int(curve.argmin()) for curve in curves]
    if any(bottom >= schedule.steps - _EDGE for bottom in bottoms):
        yield f"the loss is still falling at the highest rate, {schedule.highest:g}"
    if any(bottom < _EDGE for bottom in bottoms):
        yield f"the loss rises from the lowest rate on, {schedule.lowest:g}"
