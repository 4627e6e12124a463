"""Random numbers by purpose: each purpose has its own stream, which no other use can shift."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, purpose: str) -> np.random.Generator:
    """The generator for one purpose: the same seed and purpose always give the same numbers.

    Philox is keyed (Salmon, Moraes, Dror, Shaw, 2011, "Parallel Random Numbers: As Easy as 1, 2,
    3"): streams of different keys are independent, so adding a layer or a class leaves the numbers
    of all others as they were.
    """
    key = hashlib.blake2b(f"{seed}:{purpose}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))
