"""What all trials of a search share, and how its journal keeps it."""

from __future__ import annotations

from typing import Any, NamedTuple

from netdsl.recipe.recipe import Recipe
from netdsl.recipe.stored import recipe_as_json, recipe_from_json

METHODS = ("grid", "random", "bayes")
BACKENDS = ("numba", "numpy")
MOST_TRIALS = 100_000
MOST_POINTS = 1000
_LONGEST_NETWORK = 1 << 20


class Task(NamedTuple):
    """``network`` is its text; ``recipe`` what trials change, its ``search`` where they look; ``points`` are
    those of a grid in a range without values; ``prune`` whether trials that lag behind are given up;
    ``data_digest`` tells whether the data are still the same."""

    name: str
    network: str
    recipe: Recipe
    method: str
    points: int
    prune: bool
    backend: str
    data_digest: str


def task_as_json(task: Task) -> dict[str, Any]:
    return {**task._asdict(), "recipe": recipe_as_json(task.recipe)}


def task_from_json(values: object) -> Task:
    """What ``task_as_json`` gave. Raises TypeError or ValueError for anything else."""
    if not isinstance(values, dict) or set(values) != set(Task._fields):
        raise TypeError("it does not say what is searched")
    task = Task(**{**values, "recipe": recipe_from_json(values["recipe"])})
    if not all(isinstance(text, str) for text in (task.name, task.network, task.data_digest)):
        raise TypeError("network, name and digest are texts")
    if len(task.network) > _LONGEST_NETWORK:
        raise ValueError("its network is larger than any network file")
    if task.method not in METHODS or task.backend not in BACKENDS or not isinstance(task.prune, bool):
        raise ValueError("it names no method of search")
    if type(task.points) is not int or not 2 <= task.points <= MOST_POINTS:
        raise ValueError("it names no number of points")
    if not task.recipe.search:
        raise ValueError("its recipe searches nothing")
    return task


def target_from_json(value: object) -> int:
    """The number of trials. Raises ValueError."""
    if type(value) is not int or not 1 <= value <= MOST_TRIALS:
        raise ValueError("it names no number of trials")
    return value
