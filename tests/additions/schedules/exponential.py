"""exponential: the learning rate falls by a factor every epoch."""

from __future__ import annotations

from typing import ClassVar

from netdsl.layers.option import real
from netdsl.schedules.schedule import Moment, Schedule


class Exponential(Schedule):
    """rate = base * factor^(whole epochs).

    PyTorch's ExponentialLR.
    """

    name: ClassVar[str] = "exponential"

    factor = real("what the rate is multiplied by", positional=True, minimum=0.0, above=True, maximum=1.0)

    def rate_after_warmup(self, base: float, moment: Moment) -> float:
        return base * self.factor**moment.epoch
