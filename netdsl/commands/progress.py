"""Shows training as it goes: a bar on a terminal, a line per epoch anywhere else."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import click

from netdsl.commands.listening import unheard
from netdsl.training.records import EpochRecord, EvaluationRecord, Record, StepRecord

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


_REFRESH_SECONDS = 0.1


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


def display(epochs: int, epochs_done: int, images: int, steps_done: int) -> Display:
    """The display that suits where standard error goes; ``images`` is the size of the training part."""
    kind = BarDisplay if sys.stderr.isatty() else LineDisplay
    return _Unheard(kind(epochs, epochs_done, images, steps_done))


def epoch_line(record: EpochRecord, epochs: int, images_per_second: float) -> str:
    """``epoch  3/15  loss 0.1433  accuracy 95.55 %  validation loss 0.1202 ...  9,120 images/s``."""
    return (
        f"epoch {record.epoch:{len(str(epochs))}}/{epochs}  "
        f"loss {record.train_loss:.4f}  accuracy {record.train_accuracy:7.2%}  "
        f"validation loss {record.validation_loss:.4f}  accuracy {record.validation_accuracy:7.2%}  "
        f"{images_per_second:,.0f} images/s"
    ).replace("%", " %")


class _Clock:
    """Images per second of the training steps of an epoch, validation and writing left out.

    The last step of several is left out too: it is the rest, of another size, for which the very
    first epoch may have to compile.
    """

    def __init__(self) -> None:
        self.seconds, self.images = 0.0, 0
        self._last = time.perf_counter()

    def tick(self, record: Record) -> None:
        now = time.perf_counter()
        if isinstance(record, StepRecord):
            if record.step == 1:
                self.seconds, self.images = 0.0, 0
            if record.step < record.steps or record.steps == 1:
                self.seconds += now - self._last
                self.images += record.images
        self._last = now

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds else 0.0


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
    """One line per epoch: for files, pipes and build logs."""

    def __init__(self, epochs: int, epochs_done: int, images: int, steps_done: int) -> None:
        self._epochs = epochs
        self._clock = _Clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def show(self, record: Record) -> None:
        self._clock.tick(record)
        if isinstance(record, EpochRecord):
            click.echo(epoch_line(record, self._epochs, self._clock.images_per_second), err=True)


class BarDisplay:
    """A bar over all epochs with loss, accuracy, speed and time left; epochs scroll by above it."""

    def __init__(self, epochs: int, epochs_done: int, images: int, steps_done: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._epochs = epochs
        self._clock = _Clock()
        self._unshown, self._next = 0, 0.0
        self._bar: Bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(bar_width=None),
            TextColumn("loss {task.fields[loss]:.4f}  accuracy {task.fields[accuracy]}"),
            TextColumn("{task.fields[speed]:,.0f} images/s"),
            TimeRemainingColumn(),
            console=Console(stderr=True, highlight=False),
            transient=True,
            auto_refresh=False,  # a thread of its own would slow down short steps
        )
        self._task: TaskID = self._bar.add_task(
            "training",
            total=epochs * images,
            completed=epochs_done * images + steps_done,
            epoch=epochs_done + 1,
            epochs=epochs,
            loss=0.0,
            accuracy="",
            speed=0.0,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, record: Record) -> None:
        self._clock.tick(record)
        if isinstance(record, StepRecord):
            self._unshown += record.images
            now = time.monotonic()
            if now < self._next and record.step < record.steps:
                return
            self._next = now + _REFRESH_SECONDS
            self._bar.update(
                self._task,
                advance=self._unshown,
                refresh=True,
                epoch=record.epoch,
                loss=record.loss,
                accuracy=f"{record.accuracy:.2%}".replace("%", " %"),
                speed=self._clock.images_per_second,
            )
            self._unshown = 0
        elif isinstance(record, EpochRecord):
            line = epoch_line(record, self._epochs, self._clock.images_per_second)
            self._bar.console.print(line, markup=False, soft_wrap=True)
        else:
            assert isinstance(record, EvaluationRecord)
