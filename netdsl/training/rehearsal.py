"""A few steps of a run that leave no trace: how long one takes is known before the run starts."""

from __future__ import annotations

import time
from copy import deepcopy
from typing import TYPE_CHECKING

from netdsl.data.available_memory import available_bytes
from netdsl.diagnostics import Diagnosed
from netdsl.training.batches import batch_sizes
from netdsl.training.loop import Sessions, train
from netdsl.training.records import Progress, StepRecord

if TYPE_CHECKING:
    from netdsl.backend.session import Images
    from netdsl.data.split import Parts
    from netdsl.recipe.recipe import Recipe

_SECONDS, _MOST_STEPS = 0.1, 32
"""Enough steps, whichever is reached first."""

_WORTH_STEPS = 10
"""Of a run with fewer steps, one that is made and taken back takes too large a share."""


def rehearsed(
    sessions: Sessions, images: Images, parts: Parts, recipe: Recipe, progress: Progress, name: str
) -> float | None:
    """Seconds of a training step for each of its images, by making the run's next steps and taking them
    back.

    Store and ``progress`` are a whole state, so that putting the store back as it was is all. None where
    the run is too short to be worth it, or memory for a copy of the store is short.
    """
    if unrehearsed(sessions, parts, recipe, progress):
        return None
    arrays = sessions.store.values()
    kept = [array.copy() for array in arrays]
    try:
        return _measured(sessions, images, parts, recipe, deepcopy(progress), name)
    finally:
        for array, before in zip(arrays, kept, strict=True):
            array[...] = before


def unrehearsed(sessions: Sessions, parts: Parts, recipe: Recipe, progress: Progress) -> str:
    """Why no steps are made before the run; empty where they are."""
    epochs = recipe.epochs - progress.epoch
    left = epochs * len(batch_sizes(len(parts.train), recipe.batch)) - progress.step
    if not left:
        return "nothing is left to train"
    if left == 1:
        return "1 step, whose duration is not known yet"
    if left < _WORTH_STEPS:
        return f"{left} steps, whose duration is known after the first"
    available = available_bytes()
    if available is not None and 2 * sum(array.nbytes for array in sessions.store.values()) > available:
        return "the weights do not fit into memory twice: the duration is known after the first steps"
    return ""


def _measured(
    sessions: Sessions, images: Images, parts: Parts, recipe: Recipe, progress: Progress, name: str
) -> float | None:
    seconds, count, steps = 0.0, 0, 0
    last = time.perf_counter()
    records = train(sessions, images, parts, recipe, progress, name)
    try:
        for record in records:
            now = time.perf_counter()
            if not isinstance(record, StepRecord) or (count and record.step == record.steps > 1):
                break
            if steps == 1:  # the first step is slower: its memory is new
                seconds, count = 0.0, 0
            seconds, count, steps, last = seconds + now - last, count + record.images, steps + 1, now
            if seconds > _SECONDS or steps > _MOST_STEPS:
                break
    except Diagnosed:  # the run itself will say so
        return None
    return seconds / count if count else None
