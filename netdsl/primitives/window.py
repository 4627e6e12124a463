"""Window reductions: the maximum or the average of what a sliding window covers."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from netdsl.primitives.operation import Operation
from netdsl.quantities import Padding, Size

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Counts(Enum):
    """What an average divides by."""

    WINDOW = "the whole window"
    PADDED = "the part of the window inside the padded image"
    IMAGE = "the part of the window inside the image"
    ONE = "nothing: the sum itself"


class Pooling(NamedTuple):
    """How a pooling window moves. Padding never wins a maximum and adds 0 to an average."""

    kernel: Size
    stride: Size
    padding: Padding
    counts: Counts = Counts.WINDOW


class WindowMaximum(Operation):
    """y = the largest value under the window; ``winner`` = which one, counted row by row from 0.

    Of equal values the first wins, as in PyTorch and Caffe. ``winner`` has y's shape and holds whole
    numbers, exact as 32-bit floats.
    """

    name = "window_maximum"

    def __init__(self, y: Tensor, winner: Tensor, x: Tensor, pooling: Pooling) -> None:
        super().__init__((x,), (y, winner))
        self.pooling = pooling

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = self.inputs
        if not build.wants(x):
            return (None,)
        dx = build.like(x, "gradient")
        build.append(WindowMaximumGradient(dx, upstream, self.outputs[1], self.pooling))
        return (dx,)

    def details(self) -> str:
        return _text(self.pooling)


class WindowMaximumGradient(Operation):
    """dx = each gradient added to the value that won its window; windows may overlap."""

    name = "window_maximum_gradient"

    def __init__(self, dx: Tensor, dy: Tensor, winner: Tensor, pooling: Pooling) -> None:
        super().__init__((dy, winner), (dx,))
        self.pooling = pooling

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        # As a layer of its own this is unpooling: each number came from one place and sends back there.
        dy, winner = self.inputs
        if not build.wants(dy):
            return (None, None)
        back = build.like(dy, "gradient")
        build.append(WindowChoice(back, upstream, winner, self.pooling))
        return (back, None)

    def details(self) -> str:
        return _text(self.pooling)


class WindowChoice(Operation):
    """y = the value under the window at the place that ``winner`` says."""

    name = "window_choice"

    def __init__(self, y: Tensor, x: Tensor, winner: Tensor, pooling: Pooling) -> None:
        super().__init__((x, winner), (y,))
        self.pooling = pooling

    def details(self) -> str:
        return _text(self.pooling)


class WindowAverage(Operation):
    """y = the sum under the window divided by the number of values that ``counts`` says."""

    name = "window_average"

    def __init__(self, y: Tensor, x: Tensor, pooling: Pooling) -> None:
        super().__init__((x,), (y,))
        self.pooling = pooling

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = self.inputs
        if not build.wants(x):
            return (None,)
        dx = build.like(x, "gradient")
        build.append(WindowAverageGradient(dx, upstream, self.pooling))
        return (dx,)

    def details(self) -> str:
        return _text(self.pooling)


class WindowAverageGradient(Operation):
    """dx = each gradient, divided as in the average, added to all that its window covers."""

    name = "window_average_gradient"

    def __init__(self, dx: Tensor, dy: Tensor, pooling: Pooling) -> None:
        super().__init__((dy,), (dx,))
        self.pooling = pooling

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        # Both are linear and each other's transpose: so the gradient of this is the average.
        (dy,) = self.inputs
        if not build.wants(dy):
            return (None,)
        back = build.like(dy, "gradient")
        build.append(WindowAverage(back, upstream, self.pooling))
        return (back,)

    def details(self) -> str:
        return _text(self.pooling)


def _text(pooling: Pooling) -> str:
    return f"kernel {pooling.kernel}, stride {pooling.stride}, pad {pooling.padding}"
