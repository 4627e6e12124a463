"""constant: the learning rate stays as it is."""

from __future__ import annotations

from typing import ClassVar

from netdsl.schedules.schedule import Moment, Schedule


class Constant(Schedule):
    """The rate of the optimizer in every step."""

    name: ClassVar[str] = "constant"

    def rate_after_warmup(self, base: float, moment: Moment) -> float:
        return base
