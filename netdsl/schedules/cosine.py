"""cosine: the learning rate falls along half a cosine."""

from __future__ import annotations

from math import cos, pi
from typing import ClassVar

from netdsl.layers.option import real
from netdsl.schedules.schedule import Moment, Schedule


class Cosine(Schedule):
    """rate = last + (base - last)*(1 + cos(pi * elapsed/epochs))/2, step by step.

    Loshchilov, Hutter, 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", equation 5,
    without restarts; PyTorch's CosineAnnealingLR, stepped once for each batch.
    """

    name: ClassVar[str] = "cosine"

    last = real("rate at the end", words=("to",), default=0.0, minimum=0.0, maximum=1e6)

    def rate_after_warmup(self, base: float, moment: Moment) -> float:
        share = min(moment.elapsed / moment.epochs, 1.0)
        return self.last + (base - self.last) * (1 + cos(pi * share)) / 2
