"""step: the learning rate falls by a factor every few epochs."""

from __future__ import annotations

from typing import ClassVar

from netdsl.layers.option import count, real
from netdsl.schedules.schedule import Moment, Schedule


class Step(Schedule):
    """rate = base * factor^(whole epochs / epochs), rounded down.

    PyTorch's StepLR.
    """

    name: ClassVar[str] = "step"

    factor = real("what the rate is multiplied by", positional=True, minimum=0.0, above=True, maximum=1.0)
    epochs = count(
        "epochs from one drop to the next", words=("every", "after"), positional=True, unit="epochs"
    )

    def rate_after_warmup(self, base: float, moment: Moment) -> float:
        return base * self.factor ** (moment.epoch // self.epochs)
