"""Times every launch of a step: reads a clock between them, in compiled code.

The clock is a separate launch of one work item, put behind every launch in a copy of the table:
worker 0 does it, after the meeting of the workers where there is one, while the others continue. So the
step itself stays as it is, and a reading costs it a few dozen nanoseconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from netdsl.backend.numba.compile.cache import Kernels
from netdsl.backend.numba.isa.clock import nanoseconds
from netdsl.backend.numba.kernel import Kernel, Launch
from netdsl.backend.numba.runtime.session import NumbaSession
from netdsl.backend.session import Array
from netdsl.program.roofline_counts import LayerPhase

CLOCK = Kernel(
    "read_clock",
    "def read_clock(arguments, first, last, worker):\n    write_clock(integer(arguments, 0))\n",
)


class Stopwatch:
    """A session's step with a clock between its launches."""

    def __init__(self, session: NumbaSession, kernels: Kernels) -> None:
        self._session = session
        count = len(session.table)
        self._readings = np.zeros((count + 1, 2), np.int64)
        self._arguments = self._readings.ctypes.data + 16 * np.arange(count + 1, dtype=np.int64)
        self._table: Array = np.zeros((2 * count + 1, 4), np.int64)
        self._table[::2, 0] = kernels.address(CLOCK)
        self._table[::2, 1] = self._arguments.ctypes.data + 8 * np.arange(count + 1, dtype=np.int64)
        self._table[::2, 2] = -1
        self._table[1::2] = session.table

    def run(self) -> NDArray[np.float64]:
        """Run one step; the seconds of each launch."""
        self._session.run_table(self._table)
        seconds: NDArray[np.float64] = np.diff(nanoseconds(self._readings)) * 1e-9
        return seconds


def seconds_by_part(launches: Sequence[Launch], seconds: NDArray[np.float64]) -> dict[LayerPhase, float]:
    """The seconds of launches, added up by what they belong to, in order of first appearance."""
    found: dict[LayerPhase, float] = {}
    for launch, spent in zip(launches, seconds, strict=True):
        part = LayerPhase(launch.origin, launch.phase)
        found[part] = found.get(part, 0.0) + float(spent)
    return found
