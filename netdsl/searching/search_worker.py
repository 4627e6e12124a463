"""What each process of a search does: it takes a trial that nobody has, and trains it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from netdsl.codes import Fact
from netdsl.data.dataset import Dataset
from netdsl.data.reading import read_data
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.planning.plan import Plan
from netdsl.recipe.points import Point, recipe_at, recipe_problems
from netdsl.recipe.recipe import Recipe
from netdsl.searching.points import drawn_point, grid
from netdsl.searching.search_folder import SearchFolder
from netdsl.searching.study import Study
from netdsl.searching.task import Task
from netdsl.searching.trial import Failure, Result, State, Trial
from netdsl.training.preflight import check_classes_fit, check_recipe, check_trainable
from netdsl.training.records import EpochRecord, Record
from netdsl.training.run import Run, continued_run, data_changed, new_run
from netdsl.training.run_folder import RunFolder

if TYPE_CHECKING:
    from netdsl.backend.session import Backend


class Taken(NamedTuple):
    """A trial that this process has, and the lock on its run folder."""

    trial: Trial
    folder: RunFolder


def surroundings(plan: Plan, recipe: Recipe, backend: Backend, threads: int) -> Surroundings:
    """The data of a recipe, read, with the rest. Raises Diagnosed for what would meet every trial; warnings
    are in ``findings``."""
    check_trainable(plan)
    warnings = check_recipe(plan, recipe)
    dataset = read_data(recipe.data, plan.input, recipe.classes, plan.example)
    findings = (*warnings, *dataset.findings, *check_classes_fit(plan, dataset))
    return Surroundings(plan, recipe, dataset, backend, threads, dataset.digest(), findings)


class Surroundings(NamedTuple):
    """What trials are trained on and with: ``recipe`` is the task's with the data where they are now."""

    plan: Plan
    recipe: Recipe
    dataset: Dataset
    backend: Backend
    threads: int
    data_digest: str
    findings: tuple[Diagnostic, ...]

    def check_data(self, task: Task, path: Path) -> None:
        """Raise Diagnosed (ND516) where the data are no longer those of a search, whose trials could not be
        compared then; ``path`` is its journal."""
        if self.data_digest != task.data_digest:
            raise Diagnosed(data_changed(self.recipe.data, path))

    def new_run(self, point: Point) -> Run:
        recipe = recipe_at(self.recipe, point)
        return new_run(self.plan, recipe, self.backend, self.threads, self.dataset)


class Worker:
    """One process's part in a search.

    ``stopped`` is asked after every record: then the trial is saved as it is. ``binding`` is entered while
    a network is compiled, which may take long.
    """

    def __init__(
        self,
        folder: SearchFolder,
        study: Study,
        around: Surroundings,
        stopped: Callable[[], bool] = lambda: False,
        binding: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        self.folder, self.study = folder, study
        self._around = around
        self._stopped, self._binding = stopped, binding

    def run(self) -> Iterator[Record]:
        """Train trial after trial, until there is none to take or ``stopped``."""
        while not self._stopped() and (taken := self.take()) is not None:
            with closing(taken.folder):
                yield from self._carry_out(taken)

    def take(self) -> Taken | None:
        """A trial whose process has gone, or else a new one; None where there is nothing left to take."""
        with self.study.locked():
            for trial in self.study.running:
                if (folder := self.folder.take(trial.number)) is not None:
                    return Taken(trial, folder)
            if len(self.study.trials) >= self.study.target:
                return None
            point = next_point(self.study.task, self.study.trials)
            if point is None:
                return None
            number = len(self.study.trials) + 1
            folder = self.folder.take(number)
            if folder is None:
                path = str(self.folder.trial_path(number))
                raise Diagnosed(
                    file_error("ND514", path, "another run is writing to this folder", "wait for it")
                )
            return Taken(self.study.add(point), folder)

    def _carry_out(self, taken: Taken) -> Iterator[Record]:
        trial = taken.trial
        recipe = recipe_at(self._around.recipe, trial.point)
        try:
            for problem in recipe_problems(recipe):
                self._end(trial, Failure("ND531", problem))
                return
            if (misfit := self._misfit(recipe)) is not None:
                self._end(trial, misfit)
                return
            run = self._run(taken, recipe)
            for record in self._learn(run, taken):
                yield record
                if self._stopped():
                    if trial.state is State.RUNNING:
                        taken.folder.save(run.checkpoint())
                    return
        except Diagnosed as diagnosed:
            if not all(Fact.ENDS_A_TRIAL.holds(finding.code) for finding in diagnosed.diagnostics):
                raise
            first = diagnosed.diagnostics[0]
            self._end(trial, Failure(first.code, first.message))

    def _misfit(self, recipe: Recipe) -> Failure | None:
        """Why the network cannot have what a point makes of the recipe; the recipe itself it can have."""
        try:
            check_recipe(self._around.plan, recipe)
        except Diagnosed as diagnosed:
            return Failure(diagnosed.diagnostics[0].code, diagnosed.diagnostics[0].message)
        return None

    def _run(self, taken: Taken, recipe: Recipe) -> Run:
        """The run of a trial: where it stopped, or from its beginning."""
        plan, _, dataset, backend, threads, *_ = self._around
        try:
            saved, path = taken.folder.load_last()
        except Diagnosed:  # it had not begun, or the disk has spoilt its checkpoints
            saved, path = None, taken.folder.last
        if saved is not None and saved.recipe._replace(data=recipe.data) == recipe:
            return continued_run(saved, path, plan, recipe, backend, threads, dataset)
        taken.folder.describe(recipe, self.study.task.network)
        run = self._around.new_run(taken.trial.point)
        taken.folder.save(run.checkpoint())
        return run

    def _learn(self, run: Run, taken: Taken) -> Iterator[Record]:
        """Train to the end of the trial, writing each epoch down."""
        trial = taken.trial
        with self._binding():
            run.bind()
        pruned = self._reported(run, trial)
        if not pruned:
            for record in run.records(taken.folder):
                if isinstance(record, EpochRecord) and (pruned := self._reported(run, trial)):
                    break
                yield record
                if self._stopped():
                    return
        best = run.progress.best
        assert best is not None
        result = Result(best.epoch, best.validation_accuracy, best.validation_loss)
        (self.study.prune if pruned else self.study.complete)(trial, result)
        self._tidy()

    def _reported(self, run: Run, trial: Trial) -> bool:
        """Write down the epochs that are new; whether the trial is given up then."""
        accuracies = [record.validation_accuracy for record in run.progress.history]
        self.study.report(trial, accuracies)
        task, epochs = self.study.task, run.recipe.epochs
        if not task.prune or not accuracies or len(accuracies) >= epochs:
            return False
        from netdsl.searching.bayes import lags_behind

        return lags_behind(task.recipe, self.study.trials, trial, epochs)

    def _end(self, trial: Trial, failure: Failure) -> None:
        self.study.fail(trial, failure)
        self._tidy()

    def _tidy(self) -> None:
        """Leave no more weights than those of the best trial."""
        with self.study.locked():
            best = self.study.best
            ended = [trial.number for trial in self.study.trials if trial.state is not State.RUNNING]
            self.folder.keep_weights_of(best.number if best else None, ended)


def next_point(task: Task, trials: list[Trial]) -> Point | None:
    """The settings of the trial that follows; None where everything was tried."""
    if task.method == "grid":
        points = grid(task.recipe, task.points)
        return points[len(trials)] if len(trials) < len(points) else None
    if task.method == "random":
        return drawn_point(task.recipe, len(trials) + 1)
    from netdsl.searching.bayes import proposed

    return proposed(task.recipe, trials)
