"""A clock that compiled code can read."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from netdsl.backend.numba.isa.vectors import I32, I64, pointer

_WINDOWS = sys.platform == "win32"
_MONOTONIC = int(getattr(time, "CLOCK_MONOTONIC", 0))


@intrinsic  # type: ignore[untyped-decorator]
def write_clock(context: Any, where: Any) -> Any:
    """Write the time to two 64-bit integers at an address; see ``nanoseconds``."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        address = pointer(builder, values[0], I64)
        if _WINDOWS:
            kind = ir.FunctionType(I32, [address.type])
            function = cgutils.get_or_insert_function(builder.module, kind, "QueryPerformanceCounter")
            builder.call(function, [address])
        else:
            kind = ir.FunctionType(I32, [I32, address.type])
            function = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")
            builder.call(function, [ir.Constant(I32, _MONOTONIC), address])
        return context.get_dummy_value()

    return types.void(types.intp), code


def nanoseconds(readings: NDArray[np.int64]) -> NDArray[np.float64]:
    """What was written, (readings, 2), as nanoseconds since some moment before the first reading."""
    since = (readings - readings[0]).astype(np.float64)
    scale = time.get_clock_info("perf_counter").resolution * 1e9 if _WINDOWS else 1e9
    passed: NDArray[np.float64] = since[:, 0] * scale
    return passed if _WINDOWS else passed + since[:, 1]
