"""Shows a search as it goes: a bar on a terminal, and a line per trial anywhere."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from netdsl.commands.console.listening import unheard
from netdsl.commands.console.terminal import width_of
from netdsl.commands.running.progress import LEAST_BAR, fitting
from netdsl.quantities import counted
from netdsl.reports.as_trials import loss_text, outcome_text, point_text
from netdsl.reports.display import visible
from netdsl.reports.wrapping import GLUE, wrapped
from netdsl.searching.trial import State, Trial, best_of

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from netdsl.searching.study import Study

_REFRESH_SECONDS = 0.25


class SearchDisplay:
    """Follows the journal of a search, whichever process writes it."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._said = {trial.number for trial in study.trials if trial.state is not State.RUNNING}
        self._next = 0.0
        self._bar: Bar | None = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._begin_bar()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            with unheard():
                self._bar.stop()

    def _begin_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("trial {task.completed}/{task.total}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[best]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True, highlight=False),
            transient=True,
            auto_refresh=False,
        )
        self._task = self._bar.add_task(
            "search", total=self._study.target, completed=len(self._said), best=""
        )
        with unheard():
            self._bar.start()

    def show(self, news: Callable[[], list[str]], *, now: bool = False) -> None:
        """Say which trials have ended since the last call, and ``news``; asks for both now and then only."""
        moment = time.monotonic()
        if moment < self._next and not now:
            return
        self._next = moment + _REFRESH_SECONDS
        self._study.refresh()
        for line in news():
            self._say(line)
        for trial in self._study.trials:
            if trial.state is not State.RUNNING and trial.number not in self._said:
                self._said.add(trial.number)
                self._say(self._line(trial))
        if self._bar is not None:
            with unheard():
                self._bar.update(self._task, completed=len(self._said), best=self._beside(), refresh=True)

    def _line(self, trial: Trial) -> str:
        line = f"trial {trial.number}/{self._study.target}  {point_text(trial.point)}  "
        if trial.result is not None:
            line += f"validation accuracy {trial.result.accuracy * 100:.2f} %  "
            line += f"loss {loss_text(trial.result.loss)}  "
        if outcome := outcome_text(trial):
            line += (
                f"{outcome} after {counted(len(trial.accuracies), 'epoch')}  "
                if trial.result
                else f"{outcome}  "
            )
        return line + self._best()

    def _best(self) -> str:
        best = best_of([trial for trial in self._study.trials if trial.number in self._said])
        if best is None or best.result is None:
            return "no trial has finished yet"
        return f"best {best.result.accuracy * 100:.2f} % (trial {best.number})"

    def _beside(self) -> str:
        """The best so far, as much of it as the terminal has room for beside a bar and the time left."""
        assert self._bar is not None
        best = self._best()
        before = len(f"trial {self._study.target}/{self._study.target} ") + LEAST_BAR + len(" -:--:-- ")
        short = best.partition(" (")[0] if "(" in best else ""
        return fitting((best, short), self._bar.console.width - before)

    def _say(self, line: str) -> None:
        lines = wrapped(_glued(visible(line)), width_of(sys.stderr))
        with unheard():
            for one in lines:
                if self._bar is not None:
                    self._bar.console.print(one, markup=False, soft_wrap=True)
                else:
                    click.echo(one, err=True)


_FIGURES = re.compile(r"(\S) (?=[0-9(]|%)")


def _glued(line: str) -> str:
    """A line that keeps each figure and its name together where it is folded."""
    return _FIGURES.sub(rf"\1{GLUE}", line)
