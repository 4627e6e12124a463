"""ADD: volumes are added number by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.merging import Merging, listed
from netdsl.primitives.expression import Expression, operand
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Add(Merging):
    """Adds two or more volumes: the shortcut of residual networks.

    Computes
        y = x1 + x2 + ...

    Volume
        that of the inputs, which must agree.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps nothing for backward.

    Problems
        ND308 the volumes differ.

    Example
        input 28x28x6
        ADD[ CONV 6 3x3 pad 1 | SKIP ]

    Reference
        He, Zhang, Ren, Sun, 2015, "Deep Residual Learning for Image Recognition", equation 1.
    """

    keyword = "ADD"
    spellings = ("SUM",)

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        if any(not volume.agrees(inputs[0]) for volume in inputs):
            return Mistake(
                "ND308",
                f"ADD takes volumes of one size, not {listed(inputs)}",
                help=("PROJECT in the place of SKIP adapts a shortcut to the other branch",),
            )
        return inputs[0]

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        return (f"{len(inputs)} volumes of {inputs[0]} are added",)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        total: Expression = operand(0)
        for number in range(1, len(inputs)):
            total = total + operand(number)
        return build.elementwise(total, *inputs, name="sum")
