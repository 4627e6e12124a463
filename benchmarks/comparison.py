"""Implementations of one task in turns, each in a process of its own.

A round gives one ratio, so that a slow moment of the machine meets both of its sides; the median
over the rounds is reported.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from implementations import NETDSL, Task, is_compiled, is_installed
from machine import busy_seconds, machine, seconds_of
from processes import Failure, Process

from netdsl.data.available_memory import available_bytes

Row = dict[str, Any]
"""What was measured of one implementation; see ``compare``."""

PAUSE_SECONDS = 0.02
"""Before a turn, in which the threads of the one before fall asleep."""


class Settings(NamedTuple):
    """How thoroughly is measured.

    ``networks`` are those asked for, None for each part's own; ``peers`` likewise. ``seconds`` is
    how long a turn takes at least. ``cache`` is a folder for compiled code. ``fused`` is that of
    Task. ``restarts``: whether
    torch.compile is started twice in the training part, as netdsl is, so that its memory and its
    first step are those of a start that finds compiled code.
    """

    networks: tuple[str, ...] | None
    peers: tuple[str, ...] | None
    rounds: int
    threads: int
    seconds: float
    cache: Path
    command: str
    restarts: bool = True
    fused: bool = True

    def task(self, network: str, batch: int, *, training: bool, threads: int | None = None) -> Task:
        """A task under these settings."""
        return Task(network, batch, threads or self.threads, training, self.fused)

    def against(self, usual: tuple[str, ...]) -> tuple[str, ...]:
        """The peers asked for, else the usual ones; of these, those that are installed."""
        return tuple(name for name in self.peers or usual if is_installed(name))


class Running(NamedTuple):
    """A started implementation with its times so far; ``ours`` are netdsl's of the same rounds.

    ``cold`` are the facts of a start without compiled code, empty where an earlier run had left some
    and None where it was started only once.
    ``busy`` are the processors that other programs took meanwhile, once for every group of peers.
    """

    process: Process
    cold: dict[str, Any] | None
    times: list[float]
    ours: list[float]
    busy: list[float]


def identity(part: str, task: Task, name: str, settings: Settings) -> Row:
    """What says which row it is, and where it comes from."""
    return {
        "part": part,
        "network": task.network,
        "batch": task.batch,
        "threads": task.threads,
        "implementation": name,
        "fused_sgd": task.fused,
        "machine": machine(),
        "command": settings.command,
    }


def start(name: str, task: Task, settings: Settings, *, twice: bool) -> Running:
    """Start one, ``twice`` to have it find the code that the first start compiled. Raises Failure."""
    if not twice:
        return Running(Process(name, task, settings.cache / name), None, [], [], [])
    # A folder that no other network has filled.
    cache = settings.cache / task.network / name
    cold: dict[str, Any] = {}
    fresh = not cache.exists()
    # netdsl may have changed since an earlier run, and would compile anew.
    if fresh or name == NETDSL:
        first = Process(name, task, cache)
        first.stop()
        cold = first.facts if fresh else {}
    return Running(Process(name, task, cache), cold, [], [], [])


def compare(
    part: str, task: Task, peers: tuple[str, ...], settings: Settings, restarted: tuple[str, ...] = ()
) -> list[Row]:
    """A row for netdsl and one for every peer, in this order.

    Of netdsl and of every peer: milliseconds_per_step (median of rounds_milliseconds), peak_bytes,
    imported_bytes (before anything is set up), versions, and first_step_seconds_warm from the start
    of the process; of those in ``restarted`` first_step_seconds_cold, too. Of peers also ``ratio``,
    the median of their times over netdsl's of the same rounds. Where one fails, the row has
    ``failure`` instead. ``busy_processors`` is what other programs took during the rounds.
    """
    with ExitStack() as stack:

        def started(name: str) -> Running:
            running = start(name, task, settings, twice=name in restarted)
            stack.callback(running.process.kill)
            return running

        found: dict[str, Row] = {}
        try:
            ours = started(NETDSL)
            waiting, largest = list(peers), ours.process.peak_bytes()
            while NETDSL not in found:
                group: dict[str, Running] = {}
                # Where memory is short, not all peers are there at the same time.
                while waiting and (not group or (available_bytes() or 2 * largest) >= 2 * largest):
                    name = waiting.pop(0)
                    try:
                        group[name] = started(name)
                        largest = max(largest, group[name].process.peak_bytes())
                    except Failure as failure:
                        found[name] = {"failure": str(failure)}
                found |= take_turns(ours, group, settings)
                if not waiting:
                    found[NETDSL] = result(NETDSL, ours)
        except Failure as failure:
            # Without netdsl's times nothing can be compared.
            found = {NETDSL: {"failure": str(failure)}}
    names = [name for name in (NETDSL, *peers) if name in found]
    return [identity(part, task, name, settings) | found[name] for name in names]


def take_turns(ours: Running, group: dict[str, Running], settings: Settings) -> dict[str, Row]:
    """Rounds of turns; then the group's processes are stopped. The rows of the group."""
    failed: dict[str, Row] = {}
    everyone = {NETDSL: ours, **group}
    watch = Watch(everyone)
    for number in range(settings.rounds + 1):
        # Each is first in turn, as what ran just before may matter.
        names = list(everyone)[number % len(everyone) :] + list(everyone)[: number % len(everyone)]
        now: dict[str, float] = {}
        for name in names:
            time.sleep(PAUSE_SECONDS)
            try:
                now[name] = everyone[name].process.milliseconds(settings.seconds)
            except Failure as failure:
                if name == NETDSL:
                    raise
                failed[name] = {"failure": str(failure)}
                del everyone[name]
        # The first round warms up.
        for name, milliseconds in now.items() if number else ():
            everyone[name].times.append(milliseconds)
            everyone[name].ours.append(now[NETDSL])
    ours.busy.append(watch.others())
    rows = {}
    for name, running in group.items():
        running.busy.append(ours.busy[-1])
        rows[name] = failed.get(name) or result(name, running)
        if name not in failed:
            running.process.stop()
    return rows


class Watch:
    """Counts what programs work that are not of the comparison."""

    def __init__(self, everyone: dict[str, Running]) -> None:
        self._everyone = everyone
        self._start, self._before = time.monotonic(), self._others()

    def others(self) -> float:
        """How many processors they kept busy since the start, on average."""
        return max(0.0, (self._others() - self._before) / (time.monotonic() - self._start))

    def _others(self) -> float:
        own = sum(seconds_of(running.process.number) for running in self._everyone.values())
        return (busy_seconds() or 0.0) - own - time.process_time()


def result(name: str, running: Running) -> Row:
    facts = running.process.facts
    row: Row = {
        "milliseconds_per_step": statistics.median(running.times),
        "peak_bytes": running.process.peak_bytes(),
        "imported_bytes": facts["imported_bytes"],
        "versions": facts["versions"],
        "rounds_milliseconds": running.times,
        "busy_processors": max(running.busy),
    }
    if running.cold:
        row["first_step_seconds_cold"] = running.cold["first_step_seconds"]
    if running.cold is not None or not is_compiled(name):
        # Else it is not known how much of its code was there already.
        row["first_step_seconds_warm"] = facts["first_step_seconds"]
    if name != NETDSL:
        row["ratio"] = statistics.median(
            theirs / mine for theirs, mine in zip(running.times, running.ours, strict=True)
        )
    return row
