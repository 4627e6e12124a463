"""Transposition: the same numbers in another order, as of a volume cut into blocks or groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.operation import Operation

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor

MOST_AXES = 5
"""Axes of one image that a transposition tells apart."""


class Transposition(Operation):
    """y = x of each image read as an array of ``extents``, its axes put in the given ``order``.

    Axis n of the result is axis ``order[n]`` of x; y is written in C order under its own shape.
    """

    name = "transposition"

    def __init__(self, y: Tensor, x: Tensor, extents: tuple[int, ...], order: tuple[int, ...]) -> None:
        super().__init__((x,), (y,))
        self.extents = extents
        self.order = order

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = self.inputs
        if not build.wants(x):
            return (None,)
        dx = build.like(x, "gradient")
        back = tuple(self.order.index(axis) for axis in range(len(self.order)))
        build.append(Transposition(dx, upstream, tuple(self.extents[axis] for axis in self.order), back))
        return (dx,)

    def details(self) -> str:
        extents = "x".join(map(str, self.extents))
        return f"{extents} in the order {' '.join(map(str, self.order))}"
