"""The lines of a search's journal: those that Optuna's JournalStorage writes and reads.

So `optuna.load_study` and optuna-dashboard open the file of a search, while a search by grid or at random
needs no Optuna. Source: optuna 5.0, storages/journal/_storage.py, and distributions.py for the ranges.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from netdsl.recipe.points import Point
from netdsl.recipe.search import Choices, Range, Search
from netdsl.searching.trial import Failure, Look, Result, State

_MAXIMIZE = 2
_STUDY = 0
"""The only study of a journal."""

WRITER = "netdsl"


class Operation(IntEnum):
    """What a line does; the numbers are those of Optuna's JournalOperation."""

    CREATE_STUDY = 0
    SET_STUDY_USER_ATTR = 2
    CREATE_TRIAL = 4
    SET_TRIAL_STATE_VALUES = 6
    SET_TRIAL_INTERMEDIATE_VALUE = 7
    SET_TRIAL_USER_ATTR = 8


def _record(operation: Operation, **fields: Any) -> dict[str, Any]:
    return {"op_code": int(operation), "worker_id": WRITER, **fields}


def _now() -> str:
    return datetime.now(tz=UTC).isoformat(timespec="microseconds")


def new_study(name: str, task: dict[str, Any], target: int) -> list[dict[str, Any]]:
    """The beginning of a journal: ``task`` is what the trials share, ``target`` how many there are."""
    return [
        _record(Operation.CREATE_STUDY, study_name=name, directions=[_MAXIMIZE]),
        study_attribute("task", task),
        study_attribute("trials", target),
    ]


def study_attribute(name: str, value: Any) -> dict[str, Any]:
    return _record(Operation.SET_STUDY_USER_ATTR, study_id=_STUDY, user_attr={name: value})


def look_record(look: Look) -> dict[str, Any]:
    """A use of the test part, under its own name so that all of them stay."""
    return study_attribute(f"test {look.trial}", look._asdict())


def new_trial(search: Search, point: Point) -> dict[str, Any]:
    """One line that makes a trial with all of its settings, running."""
    tried = [one for one in search if one.setting in point]
    return _record(
        Operation.CREATE_TRIAL,
        study_id=_STUDY,
        datetime_start=_now(),
        state=int(State.RUNNING),
        distributions={one.setting: json.dumps(_distribution(one)) for one in tried},
        params={one.setting: _internal(one, point[one.setting]) for one in tried},
        user_attrs={},
        system_attrs={},
        intermediate_values={},
    )


def _distribution(one: Range | Choices) -> dict[str, Any]:
    if isinstance(one, Choices):
        return {"name": "CategoricalDistribution", "attributes": {"choices": list(one.values)}}
    step, name = (1, "IntDistribution") if one.whole else (None, "FloatDistribution")
    attributes = {"step": step, "low": one.low, "high": one.high, "log": one.logarithmic}
    return {"name": name, "attributes": attributes}


def _internal(one: Range | Choices, value: Any) -> float:
    """A value as Optuna keeps it: choices by their number."""
    return one.values.index(value) if isinstance(one, Choices) else value


def external(one: Range | Choices, stored: Any) -> Any:
    """The value that ``_internal`` gave; raises ValueError for what it does not give."""
    if isinstance(one, Range):
        if type(stored) in (int, float):
            return int(stored) if one.whole else float(stored)
    elif type(stored) is int and 0 <= stored < len(one.values):
        return one.values[stored]
    raise ValueError(f"{one.setting} has another kind of value")


def epoch_record(number: int, epoch: int, accuracy: float) -> dict[str, Any]:
    """The validation accuracy of an epoch, both counted from 1."""
    return _record(
        Operation.SET_TRIAL_INTERMEDIATE_VALUE,
        trial_id=number - 1,
        step=epoch,
        intermediate_value=accuracy,
    )


def _attribute(number: int, name: str, value: dict[str, Any]) -> dict[str, Any]:
    return _record(Operation.SET_TRIAL_USER_ATTR, trial_id=number - 1, user_attr={name: value})


def end_of_trial(number: int, result: Result) -> list[dict[str, Any]]:
    """A trial that was trained to its end."""
    return [
        _attribute(number, "result", result._asdict()),
        _ended(number, State.COMPLETE, [result.accuracy]),
    ]


def pruned_trial(number: int, result: Result) -> list[dict[str, Any]]:
    """A trial that was given up as worse than others."""
    return [
        _attribute(number, "result", result._asdict()),
        _ended(number, State.PRUNED, [result.accuracy]),
    ]


def failed_trial(number: int, failure: Failure) -> list[dict[str, Any]]:
    return [_attribute(number, "failure", failure._asdict()), _ended(number, State.FAILED, None)]


def _ended(number: int, state: State, values: list[float] | None) -> dict[str, Any]:
    return _record(
        Operation.SET_TRIAL_STATE_VALUES,
        trial_id=number - 1,
        state=int(state),
        values=values,
        datetime_complete=_now(),
    )
