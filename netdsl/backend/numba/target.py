"""What kernels must know of this CPU."""

from __future__ import annotations

import os
from functools import cache
from typing import NamedTuple

import llvmlite.binding as llvm


class Cpu(NamedTuple):
    """Vector width in 32-bit floats, vector registers, and the name that compiled code is for.

    ``bfloat16`` says that it multiplies pairs of bfloat16 numbers.
    """

    name: str
    width: int
    registers: int
    bfloat16: bool

    @property
    def accumulators(self) -> int:
        """How many vector registers a tile may use for sums, the rest being for operands."""
        return 24 if self.registers >= 32 else 12


def _vector(features: dict[str, bool], machine: str) -> tuple[int, int]:
    if features.get("avx512f") and features.get("avx512vl"):
        return 16, 32
    if features.get("avx2") and features.get("fma"):
        return 8, 16
    if "aarch64" in machine or "arm64" in machine:
        return 4, 32
    return 4, 16


@cache
def cpu() -> Cpu:
    """This machine's CPU; NETDSL_VECTOR_WIDTH (4, 8 or 16) forces another width, for tests."""
    try:
        features = dict(llvm.get_host_cpu_features())
    except RuntimeError:
        features = {}
    width, registers = _vector(features, llvm.get_process_triple())
    forced = os.environ.get("NETDSL_VECTOR_WIDTH", "")
    if forced in ("4", "8", "16") and int(forced) != width:
        width, registers = int(forced), 16
    # The instructions exist for each width, but only beside AVX-512.
    bfloat16 = bool(features.get("avx512bf16") and features.get("avx512vl"))
    return Cpu(llvm.get_host_cpu_name(), width, registers, bfloat16)


WIDTH = cpu().width
"""Numbers in a vector."""

LINE_FLOATS = 16
"""Numbers in a line of the caches."""

MOST_UNROLLED = 12
"""Steps that are written out one after the other where their number is known to the kernel.

The processor foresees the end of a loop badly when it is left after a few rounds.
"""
