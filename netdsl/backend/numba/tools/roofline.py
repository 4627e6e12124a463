"""What this machine can do at most, measured: fused multiply-adds, and bytes to and from memory.

The two roofs of Williams, Waterman, Patterson, 2009, "Roofline: An Insightful Visual Performance Model
for Multicore Architectures". Both kernels are made of the intrinsics that all kernels are made of and run
on the same threads.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from netdsl.backend.numba.compile.cache import Kernels
from netdsl.backend.numba.kernel import Kernel, blocks, indented, kernel
from netdsl.backend.numba.runtime.threads import thread_pool
from netdsl.backend.numba.target import Target

RUNS = 8
"""Runs of each measurement; the best counts, for anything else that runs only makes it slower."""

RUN_SECONDS = 0.02
"""How long a run of multiply-adds takes at least."""

BLOCK_BYTES = 2**18
"""Bytes of one array that a work item passes over."""

MOST_BYTES = 2**29
"""Of the three arrays together, whatever the size of the cache."""

_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_USUAL_CACHE_BYTES = 2**25


def measure_roofline(kernels: Kernels, threads: int, allowed_bytes: int = MOST_BYTES) -> tuple[float, float]:
    """Floating-point operations and bytes moved per second, each the best of several runs on all threads.

    The three arrays of the second take at most ``allowed_bytes``.
    """
    return flops_per_second(kernels, threads), _bytes_per_second(kernels, threads, allowed_bytes)


def _run(kernels: Kernels, threads: int, made: Kernel, arguments: list[int], items: int) -> float:
    """The seconds of one launch."""
    numbers = np.array(arguments, np.int64)
    table = np.array([[kernels.address(made), numbers.ctypes.data, items, 1]], np.int64)
    workers = thread_pool(threads, kernels.driver())
    start = time.perf_counter()
    workers.run(table.ctypes.data, 1)
    return time.perf_counter() - start


def _multiply_adds(target: Target) -> Kernel:
    """As many sums as a tile has, each waiting only for itself: nothing but the units counts."""
    sums = range(target.accumulators)
    body = [
        "y = integer(arguments, 0)",
        "steps = integer(arguments, 1)",
        "for item in range(first, last):",
        # Not constants, so that nothing can be worked out beforehand.
        "    a = load(y)",
        "    b = load(y + WIDTH * 4)",
        *(f"    s{n} = number({n}.0)" for n in sums),
        "    for step in range(steps):",
        *(f"        s{n} = multiply_add(a, b, s{n})" for n in sums),
        "    total = s0",
        *(f"    total = total + s{n}" for n in sums[1:]),
        "    store(y + (2 + item) * WIDTH * 4, total)",
    ]
    return kernel("multiply_adds", indented(body, 1) + "\n")


def flops_per_second(kernels: Kernels, threads: int) -> float:
    """Multiplications and additions per second, the best of several runs on all threads."""
    memory = np.zeros((threads + 2) * kernels.target.width, np.float32)
    steps = 10_000
    best = 0.0
    run = 0
    while run < RUNS:
        seconds = _run(kernels, threads, _multiply_adds(kernels.target), [memory.ctypes.data, steps], threads)
        if seconds < RUN_SECONDS:
            steps *= 2
            continue
        best = max(best, 2 * kernels.target.accumulators * kernels.target.width * steps * threads / seconds)
        run += 1
    return best


def speed_of_pairs(kernels: Kernels) -> float:
    """How many times as fast products of bfloat16 pairs are as those of 32-bit floats, on one thread."""
    memory = np.zeros(2**14, np.float32)
    # In turns, so that whatever else runs slows both.
    seconds: dict[str, list[float]] = {"tile": [], "tile_pairs": []}
    for _ in range(RUNS):
        for tile, found in seconds.items():
            found.append(_run(kernels, 1, _cached_tiles(tile, kernels.target), [memory.ctypes.data], 1))
    return 2 * min(seconds["tile"]) / min(seconds["tile_pairs"])


def _cached_tiles(tile: str, target: Target) -> Kernel:
    """Register tiles on operands in the first cache; a tile of pairs does two products for one."""
    high, steps = target.accumulators // 2, 64
    body = [
        "a = integer(arguments, 0)",
        f"b = a + {high * steps * 4}",
        f"c = b + {2 * steps * target.width * 4}",
        "for item in range(first, last):",
        "    for repeat in range(500):",
        f"        {tile}(1, {high}, 2, WIDTH, a, 0, {steps}, 1, 0, b, 2 * WIDTH, 0, c, 0, 2 * WIDTH, "
        f"1, {steps}, 0)",
    ]
    return kernel("cached_tiles", indented(body, 1) + "\n")


def _triad() -> Kernel:
    """a = b + s*c, the triad of McCalpin's STREAM."""
    body = [
        "a = integer(arguments, 0)",
        "b = integer(arguments, 1)",
        "c = integer(arguments, 2)",
        "s = number(0.5)",
        f"for place in range(first * {BLOCK_BYTES}, last * {BLOCK_BYTES}, WIDTH * 4):",
        "    store(a + place, multiply_add(s, load(c + place), load(b + place)))",
    ]
    return kernel("triad", indented(body, 1) + "\n")


def _bytes_per_second(kernels: Kernels, threads: int, allowed_bytes: int) -> float:
    wanted = min(max(4 * _last_cache_bytes(), 2**27), MOST_BYTES, allowed_bytes)
    items = max(threads, blocks(wanted // 3, BLOCK_BYTES))
    size = items * BLOCK_BYTES
    memory = np.ones(3 * size // 4, np.float32)
    arguments = [memory.ctypes.data + number * size for number in range(3)]
    seconds = min(_run(kernels, threads, _triad(), arguments, items) for _ in range(RUNS))
    return 3 * size / seconds


def _last_cache_bytes() -> int:
    """The size of the largest cache, where the system says; else a usual one."""
    sizes = []
    for file in _CACHES.glob("index*/size"):
        try:
            text = file.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            continue
        if text[:-1].isdigit() and text[-1] in "KM":
            sizes.append(int(text[:-1]) * (2**10 if text[-1] == "K" else 2**20))
    return max(sizes, default=_USUAL_CACHE_BYTES)
