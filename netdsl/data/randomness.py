"""Random numbers by purpose: each purpose has its own stream, which no other use can shift."""

from __future__ import annotations

import hashlib
from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def stream(seed: int, purpose: str) -> np.random.Generator:
    """The generator for one purpose: the same seed and purpose always give the same numbers.

    Philox is keyed (Salmon, Moraes, Dror, Shaw, 2011, "Parallel Random Numbers: As Easy as 1, 2,
    3"): streams of different keys are independent, so adding a layer or a class leaves the numbers
    of all others as they were.
    """
    key = hashlib.blake2b(f"{seed}:{purpose}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The output function of SplitMix64 (Steele, Lea, Flood, 2014, "Fast Splittable Pseudorandom Number
    Generators", figure 13)."""
    x = x ^ (x >> np.uint64(30))
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


class ImageDraws:
    """Random numbers for some images of a data set, those of each image from its own SplitMix64.

    Its state follows from the seed, the purpose and the image's number alone, and the n-th number that is
    drawn for an image is a function of state and n: so it makes no difference which other images are drawn
    for, in which order, or whether a run was interrupted.
    """

    def __init__(self, seed: int, purpose: str, numbers: NDArray[np.int64]) -> None:
        key = hashlib.blake2b(f"{seed}:{purpose}".encode(), digest_size=8).digest()
        start = np.uint64(int.from_bytes(key, "little"))
        self.images = len(numbers)
        self._states = _mixed(start + (numbers.astype(np.uint64) + np.uint64(1)) * _GOLDEN)
        self._drawn = 0

    def uniform(self, low: float, high: float, *shape: int) -> NDArray[np.float64]:
        """New numbers from ``low`` to below ``high``, (images, *shape), with 53 bits each."""
        count = prod(shape)
        first = self._drawn + 1
        self._drawn += count
        counters = np.arange(first, first + count, dtype=np.uint64) * _GOLDEN
        bits = _mixed(self._states[:, None] + counters)
        bits >>= np.uint64(11)
        found: NDArray[np.float64] = bits * np.float64((high - low) * 2.0**-53)
        found += low
        return found.reshape(self.images, *shape)
