"""RATE*EPOCHS : ...: learning rates, each for some epochs."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from netdsl.recipe.component import option_texts
from netdsl.recipe.line import EntryError, Line
from netdsl.schedules.schedule import Moment, Schedule


class Stretch(NamedTuple):
    """``0.01*5``: a learning rate and for how many epochs it holds."""

    rate: float
    epochs: int


class Piecewise(Schedule):
    """``0.01*5 : 0.001*3``: 0.01 for 5 epochs, then 0.001 for 3; the last rate continues.

    PyTorch's MultiStepLR with rates in place of factors. The rate of the optimizer has no effect.
    """

    name: ClassVar[str] = "piecewise"
    syntax: ClassVar[str] = "RATE*EPOCHS : RATE*EPOCHS"

    def __init__(self, *, stretches: tuple[Stretch, ...], **options: Any) -> None:
        """``stretches`` follow one another; at least one."""
        super().__init__(**options)
        self.stretches = stretches

    def values(self) -> dict[str, Any]:
        return {**super().values(), "stretches": self.stretches}

    def text(self) -> str:
        written = " : ".join(f"{stretch.rate!r}*{stretch.epochs}" for stretch in self.stretches)
        return " ".join([*option_texts(self), written])

    @classmethod
    def read(cls, line: Line) -> Piecewise:
        """``0.01*5 : 0.001*3``. Raises EntryError."""
        stretches = []
        while True:
            rate = line.number("the rate", 0, 1e6, above=True)
            if not line.sign("*"):
                cure = "write `schedule 0.01*5 : 0.001*3`: rate*epochs"
                raise EntryError("ND531", "a rate needs `*` and a number of epochs", line.rest(), cure)
            stretches.append(Stretch(rate, line.count("the number of epochs")))
            line.unit("epochs", "epoch")
            if not line.sign(":"):
                return cls(stretches=tuple(stretches))

    def beginning_with(self, rate: float) -> Piecewise:
        """The same schedule, scaled so that its first rate is this one; six digits of the others stay."""
        first, *rest = self.stretches
        scaled = [Stretch(float(f"{one.rate * rate / first.rate:.6g}"), one.epochs) for one in rest]
        return self.replaced(stretches=(Stretch(rate, first.epochs), *scaled))

    @property
    def least_epochs(self) -> int:
        return sum(stretch.epochs for stretch in self.stretches)

    def rate_after_warmup(self, base: float, moment: Moment) -> float:
        end = 0
        for stretch in self.stretches:
            end += stretch.epochs
            if moment.epoch < end:
                return stretch.rate
        return self.stretches[-1].rate
