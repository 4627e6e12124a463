"""Threads that run steps: kept between steps, asleep while there is nothing to do."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np


class Team:
    """Worker 0 is the caller; the others are daemon threads of this process.

    Compiled code runs without the interpreter lock, so that all of them run at once.
    """

    def __init__(self, workers: int, driver: Any) -> None:
        self.workers = workers
        self._driver = driver
        self._counter = np.zeros(16, np.int64)
        self._passed = 0
        self._job: tuple[int, int, int] = (0, 0, 0)
        self._starts = [threading.Semaphore(0) for _ in range(workers - 1)]
        for number, start in enumerate(self._starts, start=1):
            thread = threading.Thread(target=self._work, args=(number, start), daemon=True)
            thread.name = f"netdsl-worker-{number}"
            thread.start()

    def _work(self, number: int, start: threading.Semaphore) -> None:
        while True:
            start.acquire()
            table, count, passed = self._job
            self._driver(table, count, number, self.workers, self._counter.ctypes.data, passed)

    def run(self, table: int, count: int, barriers: int) -> None:
        """Run ``count`` launches of a table that holds ``barriers`` meeting points."""
        self._job = (table, count, self._passed)
        for start in self._starts:
            start.release()
        self._driver(table, count, 0, self.workers, self._counter.ctypes.data, self._passed)
        if self.workers > 1:
            self._passed += barriers * self.workers


_teams: dict[int, Team] = {}


def team(workers: int, driver: Any) -> Team:
    """The team of that size, made on first use."""
    if workers not in _teams:
        _teams[workers] = Team(workers, driver)
    return _teams[workers]


if hasattr(os, "register_at_fork"):
    # Threads do not live on in a forked child: it must make its own.
    os.register_at_fork(after_in_child=_teams.clear)
