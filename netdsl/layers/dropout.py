"""DROPOUT: numbers are left out at random in training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import Pointwise
from netdsl.layers.option import real
from netdsl.primitives.expression import operand
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Dropout(Pointwise):
    """Dropout: in training each number is set to 0 with probability ``rate``.

    Computes
        in training y = x*m/(1 - rate), m = 0 with probability rate, else 1; afterwards y = x
        (inverted dropout: the paper scales at test time instead, with the same expectation).

    Volume
        unchanged.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps one number per value, the mask, for backward.

    Problems
        ND306 the rate must be below 1.

    Example
        input 4096
        DROPOUT: rate 0.5

    Reference
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, 2014, "Dropout: A Simple Way to
        Prevent Neural Networks from Overfitting", section 4.
    """

    keyword = "DROPOUT"
    spellings = ("DROP",)
    linear = True
    drops = True

    rate = real(
        "probability of leaving a number out", default=0.5, minimum=0.0, positional=True, words=("rate", "p")
    )

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        if self.rate >= 1:
            return (
                Mistake(
                    "ND306",
                    f"a dropout rate of {self.rate:g} leaves nothing",
                    option="rate",
                    label="must be below 1",
                    help=("0.5 is usual after FC, 0.1 to 0.3 after CONV",),
                    spares_volume=True,
                ),
            )
        return ()

    def without_chance(self) -> Self:
        return type(self)(dialect=self.dialect, rate=0.0)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if not build.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        height, width, channels = x.shape
        mask = build.random_mask((height, width, channels), keep=keep, kept_value=1 / keep)
        return build.elementwise(operand(0) * operand(1), x, mask, name="dropped")
