"""Rounds: implementations take turns, so that a slow moment of the machine meets all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from statistics import median

TURN_SECONDS = 0.05
"""How long a turn takes at least."""

REST_SECONDS = 0.005
"""Pause before a turn, in which the threads of the one before fall asleep."""

Step = Callable[[], object]


def turn(step: Step, steps: int) -> float:
    """The seconds of a step, median of several; where they are short, one before them does not count,
    for it finds cold caches.

    The median and not the mean: a step that has to wait for a core that another program took says
    nothing about the network.
    """
    time.sleep(REST_SECONDS)
    if steps > 1:
        step()
    return median(_seconds(step) for _ in range(steps))


def _seconds(step: Step) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def steps_of_a_turn(step: Step, seconds: float) -> int:
    """How many steps take as long as a turn should, judged by a few."""
    return max(1, round(seconds / max(turn(step, 3), 1e-6)))


def take_turns(
    steps: Mapping[str, Step], rounds: int, seconds: float | None = None
) -> Iterator[dict[str, float]]:
    """The seconds of a step of each, round after round; a turn takes about ``seconds``, if they are said."""
    length = TURN_SECONDS if seconds is None else seconds
    counts = {name: steps_of_a_turn(step, length) for name, step in steps.items()}
    for _ in range(rounds):
        yield {name: turn(step, counts[name]) for name, step in steps.items()}
