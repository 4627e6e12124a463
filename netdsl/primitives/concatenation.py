"""Concatenation: volumes stacked along the channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.crop import Crop, Offset
from netdsl.primitives.operation import Operation

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Concatenation(Operation):
    """y = the inputs one after the other along the channels; heights and widths are the same."""

    name = "concatenation"

    def __init__(self, y: Tensor, inputs: tuple[Tensor, ...]) -> None:
        super().__init__(inputs, (y,))

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        found: list[Tensor | None] = []
        channel = 0
        for tensor in self.inputs:
            if build.wants(tensor):
                gradient = build.like(tensor, "gradient")
                build.append(Crop(gradient, upstream, Offset(0, 0, channel)))
                found.append(gradient)
            else:
                found.append(None)
            channel += tensor.shape[-1]
        return tuple(found)
