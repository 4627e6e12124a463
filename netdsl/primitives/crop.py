"""Crop: a part of a volume, or a volume with zeros around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netdsl.primitives.operation import Operation

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Offset(NamedTuple):
    """Where the output begins in the input, in rows, columns and channels; negative is before it."""

    row: int
    column: int
    channel: int


class Crop(Operation):
    """y[i, j, c] = x[i + row, j + column, c + channel], 0 where that is outside x."""

    name = "crop"

    def __init__(self, y: Tensor, x: Tensor, offset: Offset) -> None:
        super().__init__((x,), (y,))
        self.offset = offset

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = self.inputs
        if not build.wants(x):
            return (None,)
        dx = build.like(x, "gradient")
        build.append(Crop(dx, upstream, Offset(*(-extent for extent in self.offset))))
        return (dx,)

    def details(self) -> str:
        return f"from row {self.offset.row}, column {self.offset.column}, channel {self.offset.channel}"
