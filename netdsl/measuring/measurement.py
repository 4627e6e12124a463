"""What a measurement found, as data: the rows of the table with their two roofs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from netdsl.planning.plan import Plan
from netdsl.primitives.operation import Phase
from netdsl.program.program import NO_VARIANTS


class Roofline(NamedTuple):
    """What the machine can do at most on the threads that were used."""

    flops_per_second: float
    bytes_per_second: float


class Figures(NamedTuple):
    """Time and work of one or more parts of a step."""

    seconds: float = 0.0
    macs: int = 0
    read_bytes: int = 0
    written_bytes: int = 0

    def plus(self, other: Figures) -> Figures:
        return Figures(
            self.seconds + other.seconds,
            self.macs + other.macs,
            self.read_bytes + other.read_bytes,
            self.written_bytes + other.written_bytes,
        )

    @property
    def flops(self) -> int:
        """A multiply-accumulate is two operations."""
        return 2 * self.macs

    @property
    def bytes(self) -> int:
        """Read and written."""
        return self.read_bytes + self.written_bytes

    @property
    def flops_per_second(self) -> float:
        return self.flops / self.seconds if self.seconds else 0.0

    @property
    def bytes_per_second(self) -> float:
        return self.bytes / self.seconds if self.seconds else 0.0

    def limit(self, roofline: Roofline) -> str:
        """The roof that such work meets first: "compute" or "memory", or nothing where there is no work."""
        if not self.flops and not self.bytes:
            return ""
        computing = self.flops / roofline.flops_per_second
        return "compute" if computing >= self.bytes / roofline.bytes_per_second else "memory"


def total(figures: list[Figures]) -> Figures:
    """All figures together."""
    whole = Figures()
    for found in figures:
        whole = whole.plus(found)
    return whole


class Row(NamedTuple):
    """One layer, or what belongs to none (the loss); ``kind`` is empty there.

    Only phases in which something runs are in ``phases``.
    """

    name: str
    kind: str
    phases: dict[Phase, Figures]

    @property
    def whole(self) -> Figures:
        return total(list(self.phases.values()))


class Rival(NamedTuple):
    """Another implementation of the same step, timed in turn with ours.

    ``ratio`` is the median over the rounds of its time divided by ours.
    """

    name: str
    version: str
    seconds: float
    ratio: float


class Measurement(NamedTuple):
    """One step of a network, measured.

    ``seconds`` is the median over the rounds of a step without clocks, ``timed_seconds`` of one with
    clocks. ``rows`` are in the order of the network, then the loss. ``peak_bytes`` is the largest
    memory of the process so far, None where the system does not say; ``held_bytes`` what the step
    itself needs. ``rivals`` are the fastest first, ``variants`` those of Program.
    """

    plan: Plan
    batch: int
    threads: int
    rounds: int
    training: bool
    precision: str
    cpu: str
    versions: dict[str, str]
    roofline: Roofline
    seconds: float
    timed_seconds: float
    rows: tuple[Row, ...]
    held_bytes: int
    peak_bytes: int | None
    rivals: tuple[Rival, ...]
    variants: Mapping[str, str] = NO_VARIANTS

    @property
    def images_per_second(self) -> float:
        return self.batch / self.seconds

    def phase(self, phase: Phase) -> Figures:
        """All rows together in one phase."""
        return total([row.phases[phase] for row in self.rows if phase in row.phases])
