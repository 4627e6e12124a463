"""Forward passes as after training: one image at a time, and in batches."""

from __future__ import annotations

from collections.abc import Iterator

from comparison import Row, Settings, compare
from implementations import PEERS
from networks import MAIN, NETWORKS

PART = "inference"


def measure(settings: Settings) -> Iterator[list[Row]]:
    """The rows of one network and batch after the other."""
    for name in settings.networks or tuple(NETWORKS):
        for batch in (1, NETWORKS[name].batch):
            task = settings.task(name, batch, training=False)
            yield compare(PART, task, settings.against(PEERS), settings)


def measure_latency(settings: Settings) -> Iterator[list[Row]]:
    """The latency of the smallest network, where it is among those asked for."""
    if MAIN[0] in (settings.networks or MAIN):
        task = settings.task(MAIN[0], 1, training=False)
        yield compare(PART, task, settings.against(PEERS), settings)
