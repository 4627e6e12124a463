"""The state of a search, as its journal tells it; several processes have the same one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any

from netdsl.diagnostics import Diagnosed, file_error
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.recipe.points import Point, at_home, changes_loss, is_within, search_problems
from netdsl.searching import journal_records
from netdsl.searching.journal import Journal, damaged
from netdsl.searching.journal_records import Operation
from netdsl.searching.task import MOST_TRIALS, Task, target_from_json, task_as_json, task_from_json
from netdsl.searching.trial import Failure, Look, Result, State, Trial, best_of
from netdsl.text.printer import print_network

_LONGEST_MESSAGE = 1 << 16


class Study:
    """A search with its trials. What changes it is written first, under the lock, and read back."""

    def __init__(self, journal: Journal) -> None:
        """Raises Diagnosed (ND557) where the journal tells no search, or one that cannot be."""
        self.journal = journal
        self.trials: list[Trial] = []
        self.looks: dict[int, Look] = {}
        self.target = 0
        self._task: Task | None = None
        try:
            self.refresh()
            if self._task is None or not self.target:
                raise damaged(journal.path, "it has no beginning")
        except BaseException:
            journal.close()
            raise

    @classmethod
    def begun(cls, path: Path, task: Task, target: int) -> Study | None:
        """A new search; None where the file is the journal of one already."""
        journal = Journal(path, create=True)
        with journal.locked():
            new = not journal.read()
            if new:
                journal.append(journal_records.new_study(task.name, task_as_json(task), target))
        if new:
            return cls(journal)
        journal.close()
        return None

    @property
    def task(self) -> Task:
        assert self._task is not None
        return self._task

    def plan(self) -> Plan:
        """The plan of the network that is searched for. Raises Diagnosed where its text is wrong."""
        checked = load_plan(self.task.network, f"{self.journal.path} (its network)")
        if checked.plan is None:
            raise Diagnosed(*checked.diagnostics)
        return checked.plan

    def check_network(self, plan: Plan) -> None:
        """Raise Diagnosed (ND557) where a plan is that of another network."""
        if print_network(plan.network) != self.task.network:
            message = "the search in this folder is for another network"
            cure = "leave the network out, or begin a new search"
            raise Diagnosed(file_error("ND557", str(self.journal.path.parent), message, cure))

    @property
    def best(self) -> Trial | None:
        return best_of(self.trials)

    @property
    def running(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.state is State.RUNNING]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep the state as it is now, as far as others are concerned."""
        with self.journal.locked():
            self.refresh()
            yield

    def _write(self, lines: list[dict[str, Any]]) -> None:
        self.journal.append(lines)
        self.refresh()

    def ask_for(self, target: int) -> None:
        """Have another number of trials. Trials that there are already stay."""
        with self.locked():
            self._write([journal_records.study_attribute("trials", target)])

    def add(self, point: Point) -> Trial:
        """A new trial. Only within ``locked``."""
        self._write([journal_records.new_trial(self.task.recipe.search, point)])
        return self.trials[-1]

    def report(self, trial: Trial, accuracies: list[float]) -> None:
        """Write down the epochs of a trial that the journal does not have yet."""
        with self.locked():
            known = len(trial.accuracies)
            new = [
                journal_records.epoch_record(trial.number, known + count, accuracy)
                for count, accuracy in enumerate(accuracies[known:], start=1)
            ]
            if new:
                self._write(new)

    def complete(self, trial: Trial, result: Result) -> None:
        with self.locked():
            self._write(journal_records.end_of_trial(trial.number, result))

    def prune(self, trial: Trial, result: Result) -> None:
        with self.locked():
            self._write(journal_records.pruned_trial(trial.number, result))

    def fail(self, trial: Trial, failure: Failure) -> None:
        with self.locked():
            self._write(journal_records.failed_trial(trial.number, failure))

    def looked(self, look: Look) -> None:
        """Write down that the test part was used."""
        with self.locked():
            self._write([journal_records.look_record(look)])

    def refresh(self) -> None:
        """Take in what all processes have written. Raises Diagnosed (ND557)."""
        for line in self.journal.read():
            try:
                self._apply(line)
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                raise damaged(self.journal.path, str(error)[:200] or "a line is incomplete") from error

    def _apply(self, line: dict[str, Any]) -> None:
        operation = line["op_code"]
        if operation == Operation.CREATE_STUDY:
            return
        if operation == Operation.SET_STUDY_USER_ATTR:
            for name, value in line["user_attr"].items():
                self._take_attribute(name, value)
        elif self._task is None:
            raise ValueError("it does not say what is searched")
        elif operation == Operation.CREATE_TRIAL:
            trial = Trial(len(self.trials) + 1, self._point(line["params"]))
            trial.loss_counts = not changes_loss(self.task.recipe)
            self.trials.append(trial)
        elif operation in tuple(Operation):
            trial = self._trial(line["trial_id"])
            if trial.state is State.RUNNING:  # nothing changes a trial that has ended
                _change(trial, operation, line)

    def _take_attribute(self, name: str, value: object) -> None:
        if name == "task":
            if self._task is not None:
                raise ValueError("it says twice what is searched")
            self._task = task_from_json(value)
            for problem in search_problems(self._task.recipe):
                raise ValueError(problem.message)
        elif name == "trials":
            self.target = target_from_json(value)
        elif name.startswith("test "):
            if not isinstance(value, dict):
                raise TypeError("a test is figures by name")
            look = Look(**value)
            counts = type(look.trial) is int and type(look.images) is int and look.images > 0
            if not counts or not 1 <= look.trial <= len(self.trials) or not _is_share(look.accuracy):
                raise ValueError("it reports an impossible test")
            self.looks[look.trial] = look

    def _point(self, stored: object) -> dict[str, Any]:
        if not isinstance(stored, dict) or len(self.trials) >= MOST_TRIALS:
            raise TypeError("a trial has settings by name")
        search = {one.setting: one for one in self.task.recipe.search}
        point = {name: journal_records.external(search[name], value) for name, value in stored.items()}
        if not all(is_within(search[name], value) for name, value in point.items()):
            raise ValueError("a trial has a setting out of its range")
        if at_home(self.task.recipe, point) != point:
            raise ValueError("a trial has a setting that its recipe has no place for")
        return {name: point[name] for name in search if name in point}

    def _trial(self, number: object) -> Trial:
        if type(number) is not int or not 0 <= number < len(self.trials):
            raise ValueError("it refers to a trial that does not exist")
        return self.trials[number]


def _change(trial: Trial, operation: int, line: dict[str, Any]) -> None:
    if operation == Operation.SET_TRIAL_INTERMEDIATE_VALUE:
        epoch, accuracy = line["step"], line["intermediate_value"]
        if epoch == len(trial.accuracies) + 1 and _is_share(accuracy):
            trial.accuracies.append(accuracy)
        elif type(epoch) is not int or not 1 <= epoch <= len(trial.accuracies):
            raise ValueError("an epoch is missing")
    elif operation == Operation.SET_TRIAL_USER_ATTR:
        for name, value in line["user_attr"].items():
            if name == "result":
                trial.result = _result(Result(**value))
            elif name == "failure":
                trial.failure = _failure(Failure(**value))
    else:
        trial.state = State(line["state"])
        if trial.state is State.FAILED:
            trial.result = None
            trial.failure = trial.failure or Failure("", "no reason was written down")
        elif trial.state is not State.RUNNING and trial.result is None:
            raise ValueError("a finished trial has no result")


def _is_share(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1  # type: ignore[operator]


def _result(result: Result) -> Result:
    if type(result.epoch) is not int or result.epoch < 1 or not _is_share(result.accuracy):
        raise ValueError("the result of a trial is impossible")
    if type(result.loss) is not float or not isfinite(result.loss):
        raise ValueError("the loss of a trial is a number")
    return result


def _failure(failure: Failure) -> Failure:
    if not all(isinstance(text, str) and len(text) <= _LONGEST_MESSAGE for text in failure):
        raise ValueError("the reason of a failure is a text")
    return failure
