"""What kernels are written for: a value that planning, schedule and emitters are given.

Kernels of every target are written on any machine; ``host`` says which of them this one runs.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import llvmlite.binding as llvm


class Target(NamedTuple):
    """A set of vector instructions: numbers in a vector, registers, and caches.

    ``width`` counts 32-bit floats. The caches count those of one operand that stay there while others
    pass by: a quarter of a usual first cache, half of a second one, and a part of the one that all cores
    share.
    """

    name: str
    width: int
    registers: int
    first_cache_floats: int = 2**14
    second_cache_floats: int = 2**17
    shared_cache_floats: int = 2**20

    @property
    def accumulators(self) -> int:
        """How many vector registers a tile may use for sums, the rest being for operands."""
        return 24 if self.registers >= 32 else 12


AVX512 = Target("avx512", 16, 32)
AVX2 = Target("avx2", 8, 16)
SSE = Target("sse", 4, 16)
NEON = Target("neon", 4, 32)

TARGETS = {target.name: target for target in (AVX512, AVX2, SSE, NEON)}
"""All there are, by name; those of one family from the widest on."""


class Host(NamedTuple):
    """This machine: what LLVM calls its CPU, and the targets that it runs, the best first.

    ``bfloat16`` says that it multiplies pairs of bfloat16 numbers.
    """

    name: str
    targets: tuple[Target, ...]
    bfloat16: bool

    @property
    def target(self) -> Target:
        """What kernels are written for unless something else is asked for."""
        return self.targets[0]


def _targets(features: dict[str, bool], triple: str) -> tuple[Target, ...]:
    if features.get("avx512f") and features.get("avx512vl"):
        return AVX512, AVX2, SSE
    if features.get("avx2") and features.get("fma"):
        return AVX2, SSE
    if "aarch64" in triple or "arm64" in triple:
        return (NEON,)
    return (SSE,)


@cache
def host() -> Host:
    """This machine."""
    try:
        features = dict(llvm.get_host_cpu_features())
    except RuntimeError:
        features = {}
    # The instructions exist for each width, but only beside AVX-512.
    bfloat16 = bool(features.get("avx512bf16") and features.get("avx512vl"))
    return Host(llvm.get_host_cpu_name(), _targets(features, llvm.get_process_triple()), bfloat16)


LINE_FLOATS = 16
"""Numbers in a line of the caches."""

MOST_UNROLLED = 12
"""Steps that are written out one after the other where their number is known to the kernel.

The processor foresees the end of a loop badly when it is left after a few rounds.
"""
