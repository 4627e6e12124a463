"""Elementwise: one formula at every position of a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.derivative import derivative
from netdsl.primitives.expression import Expression, operand
from netdsl.primitives.operation import Operation

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Elementwise(Operation):
    """``outputs[0]`` at a position is ``expression`` of the inputs there.

    Inputs broadcast: an extent of 1 and a missing batch repeat. Inputs with fewer than three
    extents count as having leading ones: (channels,) is one number per channel, () a scalar.
    The output may be a STORED tensor (an update in place), which may also be an input.
    """

    name = "elementwise"

    def __init__(self, output: Tensor, expression: Expression, inputs: tuple[Tensor, ...]) -> None:
        super().__init__(inputs, (output,))
        self.expression = expression

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        inputs = self.inputs
        y, dy = operand(len(inputs)), operand(len(inputs) + 1)
        found: list[Tensor | None] = []
        for number, tensor in enumerate(inputs):
            if not build.wants(tensor):
                found.append(None)
                continue
            slope = derivative(self.expression, number)
            # Where the formula itself occurs in its derivative, its value is already there: y.
            slope = slope.rewrite(lambda node: y if node == self.expression and not node.constant else None)
            found.append(
                build.reduce_to(tensor, slope * dy, *inputs, self.outputs[0], upstream, suffix="gradient")
            )
        return tuple(found)

    def details(self) -> str:
        return repr(self.expression)
