"""The contract of a schedule."""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

from netdsl.layers.option import index
from netdsl.recipe.component import Component


class Moment(NamedTuple):
    """A step of a run.

    ``epoch`` counts the whole epochs before it, ``step`` the steps of its epoch before it, both from 0;
    there are ``steps`` in an epoch and ``epochs`` in the run. ``losses`` are the validation losses of the
    epochs before it.
    """

    epoch: int
    step: int
    steps: int
    epochs: int
    losses: tuple[float, ...] = ()

    @property
    def elapsed(self) -> float:
        """Epochs before this step, with the share of the running one."""
        return self.epoch + self.step / self.steps


class Schedule(Component):
    """Gives the learning rate of each step.

    For the first ``warmup`` epochs the rate rises in equal steps from 0 to where the schedule begins;
    the schedule's own time starts after them (Goyal et al., 2017, "Accurate, Large Minibatch SGD",
    section 2.2).
    """

    warmup = index("epochs in which the rate rises from 0", default=0, unit="epochs")

    def rate(self, base: float, moment: Moment) -> float:
        """The learning rate of a step; ``base`` is the rate of the optimizer."""
        if moment.epoch < self.warmup:
            done = moment.epoch * moment.steps + moment.step + 1
            return self.rate_after_warmup(base, moment._replace(epoch=0, step=0, losses=())) * (
                done / (self.warmup * moment.steps)
            )
        behind = moment._replace(
            epoch=moment.epoch - self.warmup,
            epochs=max(moment.epochs - self.warmup, 1),
            losses=moment.losses[self.warmup :],
        )
        return self.rate_after_warmup(base, behind)

    def first_rate(self, base: float) -> float:
        """The rate that the schedule begins with, after the warmup."""
        return self.rate_after_warmup(base, Moment(0, 0, 1, 1))

    @abstractmethod
    def rate_after_warmup(self, base: float, moment: Moment) -> float:
        """The learning rate of a step, in the schedule's own time."""

    def follows_epochs(self, begun: int, epochs: int, others: int) -> bool:
        """Whether the rates of the first ``begun`` epochs would have been others in a run of so many
        epochs instead."""
        both = (
            [Moment(half // 2, half % 2, 2, length) for half in range(2 * begun)]
            for length in (epochs, others)
        )
        return any(self.rate(1.0, one) != self.rate(1.0, other) for one, other in zip(*both, strict=True))

    @property
    def least_epochs(self) -> int:
        """Epochs that a run needs for the schedule to come to its end; 0 for any number."""
        return 0

    @property
    def whole_epochs(self) -> int:
        """``least_epochs`` with those of the warmup."""
        return self.warmup + self.least_epochs
