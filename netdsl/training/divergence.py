"""Where training began to diverge: the last steps are computed again, with a look at every number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from netdsl.backend.numpy.backend import NumpyPrepared, NumpySession
from netdsl.data.available_memory import available_bytes
from netdsl.diagnostics import Diagnosed, Diagnostic
from netdsl.primitives.operation import Operation, Phase
from netdsl.primitives.tensor import Role
from netdsl.training.batches import batch_sizes
from netdsl.training.overflow import first_spoilt
from netdsl.training.records import StepRecord

if TYPE_CHECKING:
    from netdsl.backend.session import Batch, Session
    from netdsl.training.programs import Purpose
    from netdsl.training.run import Run
    from netdsl.training.run_folder import RunFolder
    from netdsl.training.session_pool import SessionPool

_MOST_MACS = 10**10
"""Of the steps that NumPy computes again, forward and backward: some seconds."""

_MOST_BYTES = 2**30

LOSSES_TOLD = 4
"""How many of the last steps' losses are in the finding."""


class Diverged(Diagnosed):
    """The loss, a score or a weight is no longer finite after some step, the first being 1.

    A ``step`` after the last of the epoch stands for its validation. ``said`` are which numbers, and when.
    """

    def __init__(self, finding: Diagnostic, said: str, epoch: int, step: int) -> None:
        super().__init__(finding)
        self.said = said
        self.epoch = epoch
        self.step = step


class _Began(Exception):
    """Carries the first operation with a number that is not finite out of the training loop."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(operation.origin)
        self.operation = operation


class _WatchedSession(NumpySession):
    """Stops at the first number that is not finite."""

    def run(self, following: tuple[Session, Batch] | None = None) -> None:
        operation = self.first_not_finite()
        if operation is not None:
            raise _Began(operation)
        if following is not None:
            session, batch = following
            session.fill(batch)


class _Watched:
    """The sessions of a machine, watched."""

    def __init__(self, sessions: SessionPool) -> None:
        self.store = sessions.store
        self.plan = sessions.plan
        self.loss = sessions.loss
        self._sessions = sessions
        self._watched: dict[Purpose, _WatchedSession] = {}

    def training(self, batch: int) -> _WatchedSession:
        return self._session("train", batch)

    def inference(self, batch: int) -> _WatchedSession:
        return self._session("infer", batch)

    def _session(self, purpose: str, batch: int) -> _WatchedSession:
        key = (purpose, batch)
        if key not in self._watched:
            store = self.store if purpose == "train" else self._sessions.evaluated
            self._watched[key] = _WatchedSession(self._sessions.programs.program(*key), store)
        return self._watched[key]


def told(run: Run, folder: RunFolder, diverged: Diverged, losses: Iterable[float]) -> Diagnostic:
    """The finding with the number that was the first to overflow, where it can be found, and the losses
    of the last steps before."""
    (finding,) = diverged.diagnostics
    shown = ", ".join(f"{loss:.4g}" for loss in losses)
    notes = (f"the losses of the steps before: {shown}",) if shown else ()
    blamed = finding.path != run.plan.network.source.name  # an image is at fault
    began = "" if blamed else beginning(run, folder, diverged)
    if began:
        message = f"{diverged.said}; computed again, the first to overflow are {began}"
        finding = finding._replace(message=message)
    return finding._replace(notes=notes)


def beginning(run: Run, folder: RunFolder, diverged: Diverged) -> str:
    """Go back to the last state that was saved, and on to where the first number overflows.

    The run's store is changed and of no use afterwards. Empty where finding out would take long, or
    where NumPy, which computes convolutions as their formula says, finds no such number.
    """
    if not _affordable(run):
        return ""
    from netdsl.training.loop import train

    saved, _ = folder.load_last()
    progress = saved.progress
    for name, values in saved.arrays.items():
        run.sessions.store[name][...] = values
    # The update before the step that showed it may have spoilt the weights.
    goal = (diverged.epoch, max(diverged.step - 1 - run.recipe.accumulate, 0))
    rest = (run.images, run.parts, run.recipe, progress, run.dataset.name)
    try:
        if (progress.epoch + 1, progress.step) < goal:
            for record in train(run.sessions, *rest):
                if isinstance(record, StepRecord):
                    # What no output shows, such as a statistic that training only writes.
                    spoilt = first_spoilt(run.sessions.store)
                    if spoilt is not None:
                        return f"those of {spoilt}, in step {record.step} of epoch {record.epoch}"
                    if (record.epoch, record.step) >= goal:
                        break
        for _ in train(_Watched(run.sessions), *rest):
            if progress.epoch >= diverged.epoch:
                break
    except _Began as began:
        steps = len(batch_sizes(len(run.parts.train), run.recipe.batch))
        step = f"step {progress.step + 1}" if progress.step < steps else "the validation"
        return f"{_in_words(began.operation)}, in {step} of epoch {progress.epoch + 1}"
    except Diverged:
        return ""
    return ""


def _affordable(run: Run) -> bool:
    """Whether NumPy computes an update, a step and a validation in moments."""
    sizes = batch_sizes(len(run.parts.train), run.recipe.batch)
    images = 3 * max(sizes) * (run.recipe.accumulate + 1) + len(run.parts.validation)
    needed = NumpyPrepared(run.sessions.programs.program("train", max(sizes))).needed_bytes(repeated=False)
    available = available_bytes()
    fits = needed <= _MOST_BYTES and (available is None or 2 * needed <= available)
    return fits and run.plan.macs * images <= _MOST_MACS


def _in_words(operation: Operation) -> str:
    """``the outputs of CONV2``, ``the gradients in FC1``, ``the numbers of FC1.weights``."""
    output = operation.outputs[0]
    if output.role is Role.STORED:
        return f"the numbers of {output.name}"
    if operation.phase is Phase.BACKWARD:
        return f"the gradients in {operation.origin}"
    return "those of the loss itself" if operation.origin == "loss" else f"the outputs of {operation.origin}"
