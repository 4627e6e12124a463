"""Training over batch sizes and over numbers of threads."""

from __future__ import annotations

from collections.abc import Iterator

from comparison import Row, Settings, compare
from implementations import EAGER, JAX
from networks import MAIN, NETWORKS

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)

BATCH_PART = "batch"
THREADS_PART = "threads"

PEERS = (*EAGER, JAX)
"""torch.compile compiles anew for every size; ``--against`` includes it."""


def measure_batches(settings: Settings) -> Iterator[list[Row]]:
    """Small networks by default: 256 images of AlexNet take a gigabyte of activations and ten seconds."""
    for name in settings.networks or MAIN[:2]:
        for batch in BATCHES:
            task = settings.task(name, batch, training=True)
            yield compare(BATCH_PART, task, settings.against(PEERS), settings)


def thread_counts(most: int) -> list[int]:
    """1, 2, 4 and so on, and all there are."""
    return [count for count in (2**power for power in range(12)) if count < most] + [most]


def measure_threads(settings: Settings) -> Iterator[list[Row]]:
    """Every process keeps to as many processors as it has threads."""
    for name in settings.networks or MAIN:
        for threads in thread_counts(settings.threads):
            task = settings.task(name, NETWORKS[name].batch, training=True, threads=threads)
            yield compare(THREADS_PART, task, settings.against(PEERS), settings)
