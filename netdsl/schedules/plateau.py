"""plateau: the learning rate falls when the validation loss stops falling."""

from __future__ import annotations

from math import inf
from typing import ClassVar

from netdsl.layers.option import count, real
from netdsl.schedules.schedule import Moment, Schedule


class Plateau(Schedule):
    """The rate is multiplied by a factor whenever the validation loss has not improved for some epochs.

    PyTorch's ReduceLROnPlateau: an epoch improves on the best one where its loss is lower by more than
    a share of 1e-4; after more than ``epochs`` epochs in a row that do not, the rate falls and the
    counting starts again.
    """

    name: ClassVar[str] = "plateau"

    factor = real("what the rate is multiplied by", positional=True, minimum=0.0, above=True, maximum=1.0)
    epochs = count(
        "epochs without improvement before the rate drops",
        words=("after", "every"),
        default=10,
        positional=True,
        unit="epochs",
    )

    def rate_after_warmup(self, base: float, moment: Moment) -> float:
        best, waited, rate = inf, 0, base
        for loss in moment.losses:
            if loss < best * (1 - 1e-4):
                best, waited = loss, 0
            else:
                waited += 1
            if waited > self.epochs:
                rate, waited = rate * self.factor, 0
        return rate
