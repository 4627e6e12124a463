"""netdsl train --fast-dev-run: every phase of a run once, on a few images."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from netdsl.commands.console.listening import unheard
from netdsl.commands.console.loading import show
from netdsl.commands.console.terminal import echo_folded, say
from netdsl.commands.running.options import tell_problem
from netdsl.quantities import bytes_text, counted

if TYPE_CHECKING:
    from netdsl.commands.console.interruption import Interruption
    from netdsl.data.split import Parts
    from netdsl.training.run import Run
    from netdsl.training.run_folder import RunFolder

_INDENT = " " * 11
"""Behind the seconds of a phase."""

_GROWS = 10.0
"""Times the first loss: more than chance and a first step that is too large make of it."""


def dry_run(make: Callable[[], Run], out: Path | None, stem: str) -> int:
    """Go through the run that ``make`` gives, and say what was done in which time; the exit code.

    All files are written as a run writes them: into ``out``, or beside where the run folder would be, and
    then they are removed again.
    """
    from netdsl.commands.console.interruption import Interruption
    from netdsl.training.contact_sheet import sheet_of_first_batch

    clock = _Clock()
    echo_folded("dry run: every phase once, on a few images")
    with _run_folder(out, stem) as folder, Interruption() as interruption:
        with interruption.at_once(lambda: None if out else shutil.rmtree(folder.path.parent, True)):
            run = make()
            whole, sheet = run.parts, sheet_of_first_batch(run)
            _shorten(run)
            clock.told(f"data read: {_counts(run.parts)} of {_counts(whole)} images used")
            _compile(run)
            clock.told(f"network compiled, {bytes_text(run.sessions.bytes)} of memory")
        _say_findings(run)
        folder.save_sheet(sheet)
        _train(run, folder, interruption, clock)
        if interruption.received:
            return interruption.exit_code
        _finish(run, folder, clock)
    kept = f"its files are in {folder.path}" if out else "its files are removed again"
    told = f"in total: this was a dry run; nothing was learned, {kept}"
    echo_folded(f"{clock.total:7.2f} s  {told}", indent=_INDENT)
    return 0


class _Clock:
    """Prints a line for each phase, with its seconds, as soon as it is over."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()

    def told(self, what: str) -> None:
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        from netdsl.reports.display import visible

        echo_folded(f"{seconds:7.2f} s  {visible(what)}", indent=_INDENT)

    @property
    def total(self) -> float:
        return time.perf_counter() - self._started


@contextmanager
def _run_folder(out: Path | None, stem: str) -> Iterator[RunFolder]:
    """The run folder: ``out``, or one that is gone afterwards, on the disk that a run would write to."""
    from netdsl.training.run_folder import new_run_folder
    from netdsl.writing import cannot_write

    if out is not None:
        with closing(new_run_folder(out, stem)) as folder:
            yield folder
        return
    parent = Path("runs") if Path("runs").is_dir() else Path()
    try:
        passing = tempfile.mkdtemp(prefix=".netdsl-dry-run-", dir=parent)
    except OSError as error:
        raise cannot_write(parent, error) from error
    try:
        with closing(new_run_folder(Path(passing, stem), stem)) as folder:
            yield folder
    finally:
        shutil.rmtree(passing, ignore_errors=True)


def _shorten(run: Run) -> None:
    from netdsl.training.few_images import few_of_each

    run.parts = few_of_each(run.parts, run.recipe)


def _counts(parts: Parts) -> str:
    return "/".join(f"{len(part):,}" for part in parts)


def _compile(run: Run) -> None:
    """The step of every size, where a run waits for the first only."""
    from netdsl.training.run import steps_of

    run.bind()
    for purpose, size in steps_of(run.parts, run.recipe.batch):
        session = run.sessions.training(size) if purpose == "train" else run.sessions.inference(size)
        session.make_ready(run.images)


def _say_findings(run: Run) -> None:
    with unheard():
        show(run.findings)
        tell_problem(run.sessions.programs.problem)


def _train(run: Run, folder: RunFolder, interruption: Interruption, clock: _Clock) -> None:
    """The steps, the validation and the files of the first epoch, which is all that there is."""
    from netdsl.training.diagnosis import findings_at
    from netdsl.training.records import EpochRecord, EvaluationRecord, StepRecord

    folder.describe(run.recipe, run.network_text)
    folder.save(run.checkpoint())
    clock.told("first checkpoint written")
    found, sizes, losses = [], [], []
    for record in run.records(folder):
        if isinstance(record, StepRecord):
            sizes.append(str(record.images))
            losses.append(record.loss)
            if record.step == record.steps:
                batches = f"{counted(len(sizes), 'training step')} of {_listed(sizes)} images"
                clock.told(f"{batches}, loss {_listed([f'{loss:.4g}' for loss in losses])}")
        elif isinstance(record, EvaluationRecord) and record.step == record.steps:
            clock.told(f"validation in {counted(record.steps, 'step')}")
        found += findings_at(run, record)
        if interruption.received:
            return
        if isinstance(record, EpochRecord):
            break
    clock.told("checkpoints and metrics.csv written, gradients inspected")
    with unheard():
        show(found)
        if losses[-1] > _GROWS * losses[0]:
            rate = run.recipe.rate
            grown = f"the loss grows from {losses[0]:.4g} to {losses[-1]:.4g} in {len(losses)} steps"
            say(f"{grown}: lower the rate, for instance --rate {rate / 10:g} instead of {rate:g}")


def _finish(run: Run, folder: RunFolder, clock: _Clock) -> None:
    """Everything that comes behind the last epoch."""
    from netdsl.commands.running.example_picture import save_example

    loaded, _ = folder.load_last()
    for name, array in run.sessions.store.items():
        if loaded.arrays[name].tobytes() != array.tobytes():
            raise RuntimeError(f"{name} does not read back as it was written")
    clock.told(f"checkpoint read back: {counted(len(loaded.arrays), 'array')}, bit for bit as written")
    outcome = run.test(folder)
    clock.told(f"best checkpoint tested on {counted(outcome.images, 'image')}")
    if save_example(run, folder) is not None:
        clock.told("example image written")


def _listed(parts: list[str]) -> str:
    """``32, 32 and 29``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
