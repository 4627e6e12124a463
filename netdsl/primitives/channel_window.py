"""Channel window: sums over neighbouring channels at one position."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.operation import Operation

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class ChannelWindow(Operation):
    """y[..., c] = sum of x[..., c - before] to x[..., c + after], inside the channels."""

    name = "channel_window"

    def __init__(self, y: Tensor, x: Tensor, before: int, after: int) -> None:
        super().__init__((x,), (y,))
        self.before = before
        self.after = after

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = self.inputs
        if not build.wants(x):
            return (None,)
        dx = build.like(x, "gradient")
        # x[c] is in the windows of c - after to c + before.
        build.append(ChannelWindow(dx, upstream, self.after, self.before))
        return (dx,)

    def details(self) -> str:
        return f"channels -{self.before} to +{self.after}"
