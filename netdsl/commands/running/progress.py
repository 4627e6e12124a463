"""Shows training as it goes: a bar on a terminal; anywhere else a line per epoch, and some in a long one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from netdsl.commands.console.listening import unheard
from netdsl.commands.console.terminal import echo_folded, width_of
from netdsl.quantities import clock, duration
from netdsl.reports.wrapping import GLUE, wrapped
from netdsl.training.pace import Pace
from netdsl.training.records import EpochRecord, EvaluationRecord, Record, StepRecord

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


_REFRESH_SECONDS = 0.1

_LINE_SECONDS, _LONGEST_SILENCE_SECONDS, _LINES_AN_EPOCH = 30.0, 600.0, 10
"""In a log a long epoch has a line for each tenth of it, but none within half a minute of another, and one
after ten minutes at the latest: a night's run stays readable, and nobody wonders whether it is alive."""


class Display(Protocol):
    """What ``netdsl train`` shows its records to."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def show(self, record: Record) -> None:
        """Take notice of one record."""


def display(pace: Pace, epochs: int, epochs_done: int, images: int, steps_done: int) -> Display:
    """The display that suits where standard error goes; ``images`` is the size of the training part."""
    kind = BarDisplay if sys.stderr.isatty() else LineDisplay
    return _Unheard(kind(pace, epochs, epochs_done, images, steps_done))


def epoch_line(record: EpochRecord, epochs: int, pace: Pace) -> str:
    """``epoch  3/15  loss 0.1433  accuracy 95.55 %  validation loss 0.1202 ...  9,120 images/s``."""
    line = (
        f"epoch {record.epoch:{len(str(epochs))}}/{epochs}  "
        f"loss {record.train_loss:.4f}  accuracy {record.train_accuracy:7.2%}  "
        f"validation loss {record.validation_loss:.4f}  accuracy {record.validation_accuracy:7.2%}  "
        f"{pace.images_per_second:,.0f} images/s"
    ).replace("%", " %")
    return line + (_left(pace) if record.epoch < epochs else "")


def epoch_line_in(width: int | None, record: EpochRecord, epochs: int, pace: Pace) -> str:
    """The longest of some lines about an epoch that fits beside a bar, which shows speed and time left;
    the shortest is ``3/15  0.1433  95.55 %  validation 0.1202  96.66 %``."""
    longest = epoch_line(record, epochs, pace)
    short = longest.partition(f"  {pace.images_per_second:,.0f} images/s")[0]
    plain = short.replace("  accuracy", " ")
    bare = plain.replace("loss ", "")
    lines = (longest, short, plain, bare, bare.removeprefix("epoch").lstrip())
    return next((line for line in lines if width is None or len(line) <= width), lines[-1])


def _left(pace: Pace) -> str:
    return "" if pace.seconds_left is None else f"  {duration(pace.seconds_left)} left"


class _Unheard:
    """A display on a terminal that may be closed: then it shows nothing any more, and training goes on."""

    def __init__(self, shown: Display) -> None:
        self._shown = shown

    def __enter__(self) -> Self:
        with unheard():
            self._shown.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with unheard():
            self._shown.__exit__(kind, error, trace)

    def show(self, record: Record) -> None:
        with unheard():
            self._shown.show(record)


class LineDisplay:
    """Lines for files, pipes and build logs: one for each epoch, and a few within a long one."""

    def __init__(self, pace: Pace, epochs: int, epochs_done: int, images: int, steps_done: int) -> None:
        self._pace, self._epochs = pace, epochs
        self._next = pace.now + _LINE_SECONDS
        self._loss_sum, self._images = 0.0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, record: Record) -> None:
        if isinstance(record, EpochRecord):
            self._say(epoch_line(record, self._epochs, self._pace))
            return
        if isinstance(record, StepRecord):
            self._loss_sum += record.loss * record.images
            self._images += record.images
        if self._pace.now < self._next:
            return
        if record.step < record.steps:  # the last one is followed by more news
            self._say(self._line(record))

    def _line(self, record: StepRecord | EvaluationRecord) -> str:
        """``epoch  3/15  step   450/1,200  loss 0.1433  accuracy 95.55 %  912 images/s  12 min left``.

        The loss is the mean since the last line.
        """
        width = len(f"{record.steps:,}")
        step = f"{record.step:{width},}/{record.steps:,}"
        if isinstance(record, EvaluationRecord):
            return f"validation, step {step}{_left(self._pace)}"
        return (
            f"epoch {record.epoch:{len(str(self._epochs))}}/{self._epochs}  step {step}  "
            f"loss {self._loss_sum / self._images:.4f}  accuracy {record.accuracy:7.2%}  "
            f"{self._pace.images_per_second:,.0f} images/s"
        ).replace("%", " %") + _left(self._pace)

    def _say(self, line: str) -> None:
        echo_folded(_glued(line), err=True)
        epoch_seconds = self._pace.epoch_seconds or 0.0
        pause = min(max(epoch_seconds / _LINES_AN_EPOCH, _LINE_SECONDS), _LONGEST_SILENCE_SECONDS)
        self._next = self._pace.now + pause
        self._loss_sum, self._images = 0.0, 0


def _glued(line: str) -> str:
    """A line that is folded between its figures only, where two blanks are."""
    return "  ".join(part.replace(" ", GLUE) for part in line.split("  "))


LEAST_BAR = 8
"""Columns of a bar; the figures behind it have the others."""


def fitting(texts: Sequence[str], room: int) -> str:
    """The first text that fits, else the last one."""
    return next((text for text in texts if len(text) <= room), texts[-1])


class BarDisplay:
    """A bar over all epochs with loss, accuracy, speed and time left; epochs scroll by above it."""

    def __init__(self, pace: Pace, epochs: int, epochs_done: int, images: int, steps_done: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._console = Console(stderr=True, highlight=False)
        self._pace, self._epochs = pace, epochs
        self._unshown, self._next = 0, 0.0
        self._bar: Bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[figures]}"),
            console=self._console,
            transient=True,
            auto_refresh=False,  # a thread of its own would slow down short steps
        )
        self._task: TaskID = self._bar.add_task(
            "training",
            total=epochs * images,
            completed=epochs_done * images + steps_done,
            epoch=epochs_done + 1,
            epochs=epochs,
            figures=clock(pace.seconds_left),
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, record: Record) -> None:
        if isinstance(record, StepRecord):
            self._unshown += record.images
            now = self._pace.now
            if now < self._next and record.step < record.steps:
                return
            self._next = now + _REFRESH_SECONDS
            self._bar.update(
                self._task,
                advance=self._unshown,
                refresh=True,
                epoch=record.epoch,
                figures=self._figures(record),
            )
            self._unshown = 0
        elif isinstance(record, EpochRecord):
            width = width_of(sys.stderr)
            line = epoch_line_in(width, record, self._epochs, self._pace)
            for part in wrapped(_glued(line), width):
                self._bar.console.print(part, markup=False, soft_wrap=True)
        else:
            assert isinstance(record, EvaluationRecord)

    def _figures(self, record: StepRecord) -> str:
        """What stands behind the bar, as much of it as the terminal has room for at this moment."""
        loss, share = f"loss {record.loss:.4f}", f"{record.accuracy:.2%}".replace("%", " %")
        speed, left = f"{self._pace.images_per_second:,.0f}", clock(self._pace.seconds_left)
        before = len(f"epoch {record.epoch}/{self._epochs} ") + LEAST_BAR + 1
        texts = (
            f"{loss}  accuracy {share} {speed} images/s {left}",
            f"{loss}  {share} {speed} images/s {left}",
            f"{loss}  {share} {left}",
            f"{loss} {left}",
        )
        return fitting(texts, self._console.width - before)
