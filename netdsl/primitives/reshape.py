"""Reshape: the same numbers in the same order under another shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.operation import Operation

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Reshape(Operation):
    """y = x with another shape of as many values per image. Costs nothing: it shares memory."""

    name = "reshape"

    def __init__(self, y: Tensor, x: Tensor) -> None:
        super().__init__((x,), (y,))

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = self.inputs
        if not build.wants(x):
            return (None,)
        dx = build.like(x, "gradient")
        build.append(Reshape(dx, upstream))
        return (dx,)
