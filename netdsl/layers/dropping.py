"""What layers share that drop values at random in training."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import SameVolume
from netdsl.primitives.expression import operand
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Dropping(SameVolume, abstract=True):
    """Base of layers with a mask: in training y = x*m/(1 - rate), m = 0 with probability rate, else 1."""

    rate: float

    leaves: ClassVar[str]
    """What is wrong with a rate of 1 or more, after the rate."""

    usual: ClassVar[str]
    """Which rates are usual."""

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        if self.rate >= 1:
            return (
                Mistake(
                    "ND306",
                    f"a {self.leaves.format(rate=f'{self.rate:g}')}",
                    option="rate",
                    label="must be below 1",
                    help=(self.usual,),
                    spares_volume=True,
                ),
            )
        return ()

    def without_chance(self) -> Self:
        return type(self)(dialect=self.dialect, rate=0.0)

    @abstractmethod
    def mask_shape(self, x: Tensor) -> tuple[int, int, int]:
        """The numbers of an image's mask; an extent of 1 stands for all positions or channels."""

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if not build.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        mask = build.random_mask(self.mask_shape(x), keep=keep, kept_value=1 / keep)
        return build.elementwise(operand(0) * operand(1), x, mask, name="dropped")
