"""STOCHASTIC DEPTH: branches are left out at random in training, image by image."""

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


class StochasticDepth(Pointwise):
    """Stochastic depth: in training all numbers of an image are set to 0 with probability ``rate``.

    Computes
        in training y = x*m/(1 - rate), with one m for each image, 0 with probability rate, else 1;
        afterwards y = x. At the end of a residual branch it leaves the branch out: torchvision's
        StochasticDepth in mode `row`, timm's DropPath. The paper scales at test time instead, with the same
        expectation, and lets the rate grow linearly with the depth: write a rate for each block.

    Volume
        unchanged.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps one number per image, the mask, for backward.

    Problems
        ND306 the rate must be below 1.

    Example
        input 28x28x6
        ADD[ CONV 6 3x3 pad 1 - STOCHASTIC DEPTH 0.1 | SKIP ]

    Reference
        Huang, Sun, Liu, Sedra, Weinberger, 2016, "Deep Networks with Stochastic Depth", equation 2.
    """

    keyword = "STOCHASTIC DEPTH"
    spellings = ("STOCHASTICDEPTH", "DROP PATH", "DROPPATH")
    linear = True
    drops = True

    rate = real(
        "probability of leaving an image's numbers out",
        minimum=0.0,
        positional=True,
        words=("rate", "p"),
        example="0.1",
    )

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        if self.rate >= 1:
            return (
                Mistake(
                    "ND306",
                    f"a rate of {self.rate:g} leaves the branch out always",
                    option="rate",
                    label="must be below 1",
                    help=("0.1 to 0.5 is usual for the last block",),
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
        mask = build.random_mask((1, 1, 1), keep=keep, kept_value=1 / keep)
        return build.elementwise(operand(0) * operand(1), x, mask, name="dropped")
