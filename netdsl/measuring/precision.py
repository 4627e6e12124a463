"""Whether this machine multiplies bfloat16, and whether that is worth while."""

from __future__ import annotations

from netdsl.backend.numba.target import host
from netdsl.diagnostics import Diagnosed, Diagnostic, Severity

_LEAST_SPEED = 1.5
"""Of products in bfloat16, from which on they save more time than rounding takes."""


def require_precision(backend: str) -> None:
    """Raise Diagnosed (ND542) where the processor or a backend does not multiply bfloat16."""
    lacks = ""
    if backend != "numba":
        lacks = f"the backend {backend} multiplies only in float32"
    elif not host().bfloat16:
        lacks = f"this processor ({host().name}) cannot multiply bfloat16: it lacks AVX512-BF16"
    if lacks:
        cure = "train in float32, which is the default; the network and its weights stay the same"
        if backend != "numba" and host().bfloat16:
            cure = "use the backend numba, which has it here, or train in float32"
        raise Diagnosed(Diagnostic("ND542", Severity.ERROR, lacks, help=(cure,)))


def slow_bfloat16() -> str:
    """What to say where bfloat16 is no faster than 32-bit floats here, as measured; empty where it is."""
    from netdsl.backend.numba.backend import open_backend
    from netdsl.backend.numba.tools.roofline import speed_of_pairs

    speed = speed_of_pairs(open_backend().kernels)
    if speed >= _LEAST_SPEED:
        return ""
    return (
        f"bf16 is not faster here: this processor ({host().name}) multiplies bfloat16 at {speed:.1f}"
        " times the speed of 32-bit floats: train without --precision"
    )
