"""Interpolation: one axis of a volume gets another extent, numbers in between from their neighbours."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from netdsl.primitives.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor

Tap = tuple[int, float]
"""A position that is read, and its weight."""

MOST_POSITIONS = 1 << 23
"""Positions of an axis: tables hold them as 32-bit floats."""


class Filling(Enum):
    """Where a position of the new axis is on the old one, and what it takes from there."""

    NEAREST = "the position at or before the edge of the new one"
    NEAREST_CENTERS = "the position that the centre of the new one falls into"
    CENTERS = "between the two nearest, pixels being areas: their outer edges meet"
    CORNERS = "between the two nearest, pixels being points: the outermost ones meet"


class Stretch(NamedTuple):
    """An axis of ``inputs`` positions that becomes one of ``outputs``."""

    inputs: int
    outputs: int
    filling: Filling

    def source(self) -> tuple[int, int, int]:
        """Output q is at (step*q + first)/parts of the old axis: (step, first, parts)."""
        n, m = self.inputs, self.outputs
        if self.filling is Filling.NEAREST:
            return n, 0, m
        if self.filling is Filling.NEAREST_CENTERS:
            return 2 * n, n, 2 * m
        if self.filling is Filling.CENTERS:
            return 2 * n, n - m, 2 * m
        return n - 1, 0, max(m - 1, 1)

    def taps(self, position: int) -> tuple[Tap, ...]:
        """What an output position adds up."""
        stride, first, parts = self.source()
        before, rest = divmod(max(stride * position + first, 0), parts)
        last = self.inputs - 1
        if self.filling in (Filling.NEAREST, Filling.NEAREST_CENTERS) or rest == 0 or before >= last:
            return ((min(before, last), 1.0),)
        return (before, 1 - rest / parts), (before + 1, rest / parts)

    def rows(self, *, back: bool) -> Iterator[tuple[Tap, ...]]:
        """The taps of every output position; on the way ``back`` of every input position."""
        forward = (self.taps(position) for position in range(self.outputs))
        if not back:
            yield from forward
            return
        found: list[list[Tap]] = [[] for _ in range(self.inputs)]
        for position, taps in enumerate(forward):
            for source, weight in taps:
                found[source].append((position, weight))
        yield from map(tuple, found)

    def most_taps(self, *, back: bool) -> int:
        """At least as many as one position has, found without looking at all of them."""
        if not back:
            return 2
        if self.inputs == 1:
            return self.outputs
        stride, _, parts = self.source()
        return min(self.outputs, 2 * -(-parts // stride) + 1)


def table_of(stretch: Stretch, *, back: bool) -> list[float]:
    """For every position how many taps it has, then each tap's position and weight; zeros fill up.

    Whole numbers have 2^23 added: then the bits of the float, read as a whole number, are that
    number and a constant.
    """
    most = stretch.most_taps(back=back)
    found: list[float] = []
    for taps in stretch.rows(back=back):
        found.append(float(MOST_POSITIONS + len(taps)))
        for position, weight in taps:
            found += [float(MOST_POSITIONS + position), weight]
        found += [float(MOST_POSITIONS), 0.0] * (most - len(taps))
    return found


class Interpolation(Operation):
    """y = x with another extent of one axis, 0 for rows and 1 for columns: sums of weighted positions.

    ``table`` is that of ``table_of``. ``back`` says that y is the gradient of what the stretch reads: its
    transpose.
    """

    name = "interpolation"

    def __init__(
        self, y: Tensor, x: Tensor, table: Tensor, axis: int, stretch: Stretch, *, back: bool = False
    ) -> None:
        super().__init__((x, table), (y,))
        self.axis = axis
        self.stretch = stretch
        self.back = back

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        x, _ = self.inputs
        if not build.wants(x):
            return (None, None)
        dx = build.like(x, "gradient")
        build.append(_written(build, dx, upstream, self.axis, self.stretch, back=not self.back))
        return (dx, None)

    def details(self) -> str:
        axis = ("height", "width")[self.axis]
        way = "back from" if self.back else "to"
        return (
            f"{axis} {self.stretch.inputs} {way} {self.stretch.outputs}, {self.stretch.filling.name.lower()}"
        )


def interpolated(build: Builder, y: Tensor, x: Tensor, axis: int, stretch: Stretch) -> Interpolation:
    """The operation with its table."""
    return _written(build, y, x, axis, stretch, back=False)


def _written(
    build: Builder, y: Tensor, x: Tensor, axis: int, stretch: Stretch, *, back: bool
) -> Interpolation:
    positions = stretch.inputs if back else stretch.outputs
    name = f"{('rows', 'columns')[axis]}{'_back' if back else ''}"
    shape = (positions * (1 + 2 * stretch.most_taps(back=back)),)
    table = build.constant(name, shape, lambda: table_of(stretch, back=back))
    return Interpolation(y, x, table, axis, stretch, back=back)
