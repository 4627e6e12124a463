"""Reduction: sums or maxima of a formula over positions, channels or images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.derivative import derivative
from netdsl.primitives.expression import Expression, operand
from netdsl.primitives.operation import Operation

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Reduction(Operation):
    """Sums (or takes the maximum of) ``expression`` over every axis on which the output has one
    extent and the inputs more, and over the images where the output is not batched.

    Inputs broadcast against each other as in Elementwise; ``shape`` is what they broadcast to.
    """

    name = "reduction"

    def __init__(
        self,
        output: Tensor,
        expression: Expression,
        inputs: tuple[Tensor, ...],
        *,
        shape: tuple[int, int, int],
        batched: bool,
        maximum: bool = False,
    ) -> None:
        super().__init__(inputs, (output,))
        self.expression = expression
        self.shape = shape
        self.batched = batched
        self.maximum = maximum

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        # A maximum is only used to shift exponents, where its gradient cancels exactly.
        if self.maximum:
            return (None,) * len(self.inputs)
        found: list[Tensor | None] = []
        dy = operand(len(self.inputs))
        for number, tensor in enumerate(self.inputs):
            slope = derivative(self.expression, number)
            found.append(
                build.reduce_to(
                    tensor,
                    slope * dy,
                    *self.inputs,
                    upstream,
                    suffix="gradient",
                    domain=(self.shape, self.batched),
                )
                if build.wants(tensor)
                else None
            )
        return tuple(found)

    def details(self) -> str:
        return f"{'maximum' if self.maximum else 'sum'} of {self.expression!r}"
