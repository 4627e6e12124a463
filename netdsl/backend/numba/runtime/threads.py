"""Threads that run steps: kept between steps, asleep while there is nothing to do."""

from __future__ import annotations

import os
import threading
from collections import deque
from functools import partial
from operator import methodcaller
from typing import Any

import numpy as np


class ThreadPool:
    """Worker 0 is the caller; the others are daemon threads of this process.

    Compiled code runs without the interpreter lock, so that all of them run at once.
    """

    def __init__(self, workers: int, driver: Any) -> None:
        self.workers = workers
        self._driver = driver
        self._counter = np.zeros(16, np.int64)
        self._barrier = self._counter.ctypes.data
        self._job: tuple[int, int, int] = (0, 0, 0)
        starts = [threading.Lock() for _ in range(workers - 1)]
        self._begun: list[bool] = []
        self._begin = [start.release for start in starts] + [partial(self._begun.append, True)]
        for number, start in enumerate(starts, start=1):
            start.acquire()
            thread = threading.Thread(target=self._work, args=(number, start), daemon=True)
            thread.name = f"netdsl-worker-{number}"
            thread.start()

    def _work(self, number: int, start: threading.Lock) -> None:
        while True:
            start.acquire()
            table, count, passed = self._job
            self._driver(table, count, number, self.workers, self._barrier, passed)

    def run(self, table: int, count: int) -> None:
        """Run ``count`` launches of a table; the workers meet after the last of several items.

        A run that has begun is finished, even where Ctrl-C raises KeyboardInterrupt in the middle.
        """
        self._begun.clear()
        self._job = table, count, passed = table, count, int(self._counter[0])
        try:
            # One call of C, and a signal is noticed only between such calls: either all workers have
            # been woken or none. Once woken they wait for worker 0, whatever happened to it.
            deque(map(_CALL, self._begin), 0)
        finally:
            if self._begun:
                self._driver(table, count, 0, self.workers, self._barrier, passed)


_CALL = methodcaller("__call__")

_pools: dict[int, ThreadPool] = {}


def thread_pool(workers: int, driver: Any) -> ThreadPool:
    """The pool of that many workers, made on first use."""
    if workers not in _pools:
        _pools[workers] = ThreadPool(workers, driver)
    return _pools[workers]


if hasattr(os, "register_at_fork"):
    # Threads do not live on in a forked child: it must make its own.
    os.register_at_fork(after_in_child=_pools.clear)
