"""One recipe of a search: what its settings make of the recipe, and whether they can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple, TypeAlias

from netdsl.layers.option import Option
from netdsl.recipe.component import Component
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.search import Choices, Range, value_text
from netdsl.recipe.search_settings import chosen_by_name, numbers_of, path_of, value_at, with_value

Point: TypeAlias = Mapping[str, Any]
"""A value for each setting that is searched, those left out that the recipe does not have there."""


class SearchProblem(NamedTuple):
    """What is wrong with the search for one setting, and what would fix it."""

    setting: str
    message: str
    cures: tuple[str, ...] = ()


def recipe_at(recipe: Recipe, point: Point) -> Recipe:
    """The recipe with the values of a point, and nothing left to search: names come first, since what
    other settings there are depends on them. Raises KeyError for a setting that it does not have then."""
    recipe = recipe._replace(search=())
    for setting in sorted(point, key=lambda name: name not in chosen_by_name()):
        recipe = with_value(recipe, setting, point[setting])
    return recipe


def at_home(recipe: Recipe, point: Point) -> dict[str, Any]:
    """The point without the settings that its own names leave no place for, such as a momentum of adam."""
    names = {setting: value for setting, value in point.items() if setting in chosen_by_name()}
    named = recipe_at(recipe, names)
    return {setting: value for setting, value in point.items() if setting in names or path_of(named, setting)}


def own_point(recipe: Recipe) -> dict[str, Any] | None:
    """The point that leaves the recipe as it is; None where the search does not reach it."""
    found = {}
    for one in recipe.search:
        path = path_of(recipe, one.setting)
        if path is not None:
            found[one.setting] = value_at(recipe, path)
    within = {one.setting: one for one in recipe.search}
    return found if all(is_within(within[setting], value) for setting, value in found.items()) else None


def changes_loss(recipe: Recipe) -> bool:
    """Whether a search changes what the loss measures, so that losses of its trials do not compare."""
    paths = [path_of(recipe, one.setting) for one in recipe.search]
    return any(path is None or path.entry == "loss" for path in paths)


def is_within(one: Range | Choices, value: object) -> bool:
    """Whether a value is one that the search could try; asked of what a journal says."""
    if isinstance(one, Choices):
        return any(type(value) is type(known) and value == known for known in one.values)
    kind = int if one.whole else float
    return type(value) is kind and one.low <= value <= one.high


def search_problems(recipe: Recipe) -> Iterator[SearchProblem]:
    """What keeps a recipe's search from being carried out."""
    names = [one for one in recipe.search if one.setting in chosen_by_name()]
    unready = False
    for one in names:
        for problem in _unready(recipe, one):
            unready = True
            yield problem
    if unready:
        return
    combinations = product(*(one.values for one in names if isinstance(one, Choices)))
    candidates = [
        recipe_at(recipe, dict(zip([one.setting for one in names], values, strict=True)))
        for values in combinations
    ]
    for one in recipe.search:
        if one not in names:
            yield from _problems(candidates, one)
    yield from _too_short(recipe, candidates)


def _unready(recipe: Recipe, one: Range | Choices) -> Iterator[SearchProblem]:
    """Names of components that need a setting which nobody gives."""
    if isinstance(one, Range):
        return
    for name in one.values:
        kind = chosen_by_name()[one.setting][str(name)]
        needed = [option.words[0] for option in kind.options().values() if option.required]
        if needed and getattr(recipe, one.setting).name != name:
            message = f"{name} needs its {needed[0]}, which has no default"
            cure = f"write {name} with its settings as the {one.setting} of the recipe"
            yield SearchProblem(one.setting, message, (f"{cure}; it keeps them in the search",))


def _problems(candidates: list[Recipe], one: Range | Choices) -> Iterator[SearchProblem]:
    setting = one.setting
    paths = [path for path in (path_of(candidate, setting) for candidate in candidates) if path]
    if not paths:
        yield SearchProblem(setting, *_absent(candidates, setting))
        return
    values = one.values if isinstance(one, Choices) else (one.low, one.high)
    for path in dict.fromkeys(paths):
        if path.component is None or path.option is None:
            continue
        for value in values:
            if bound := _bound(path.option, value):
                message = (
                    f"{value_text(value)} is not a valid {setting} of {path.component.name}: it is {bound}"
                )
                yield SearchProblem(setting, message)
                break


def _absent(candidates: list[Recipe], setting: str) -> tuple[str, tuple[str, ...]]:
    """The message and the cures for a setting that no recipe of the search has."""
    first, _, second = setting.partition(" ")
    for owner, kinds in chosen_by_name().items():
        having = [
            name
            for name, kind in kinds.items()
            if (not second or first == owner)
            and any(option.words[0] == (second or first) for option in numbers_of(kind))
        ]
        if having:
            present: dict[str, Component] = {
                getattr(candidate, owner).name: getattr(candidate, owner) for candidate in candidates
            }
            taken = [option.words[0] for one in present.values() for option in numbers_of(type(one))]
            has = f"it has {', '.join(dict.fromkeys(taken))}" if taken else "it has no numbers to search"
            cures = (has, f"{', '.join(having)} {'has' if len(having) == 1 else 'have'} `{second or first}`")
            return f"`{second or first}` is not a setting of {' or '.join(present)}", cures
    message = f"the recipe does not have the augmentation `{first}`"
    return message, (f"write it in the recipe too: `augment {first} ...`",)


def _bound(option: Option[Any], value: float | str) -> str:
    """How a value breaks the bounds of an option; empty where it does not."""
    if isinstance(value, str):
        return ""
    low, high = option.minimum, option.maximum
    if low is not None and (value <= low if option.above else value < low):
        return f"{'above' if option.above else 'at least'} {low:g}"
    return f"at most {high:g}" if high is not None and value > high else ""


def _too_short(recipe: Recipe, candidates: list[Recipe]) -> Iterator[SearchProblem]:
    """Searches of epochs that end before a schedule by stretches does."""
    for one in recipe.search:
        if one.setting in ("epochs", "warmup", "schedule warmup"):
            values = one.values if isinstance(one, Choices) else (one.low, one.high)
            for candidate in (
                with_value(found, one.setting, value) for found in candidates for value in values
            ):
                total = candidate.schedule.whole_epochs
                if total > candidate.epochs:
                    message = (
                        f"the schedule is made for {total} epochs, but the search has {candidate.epochs}"
                    )
                    yield SearchProblem(one.setting, message)
                    break


def recipe_problems(recipe: Recipe) -> Iterator[str]:
    """What is wrong with the settings of a recipe together: a sentence each."""
    for component in (recipe.optimizer, recipe.loss, recipe.schedule, recipe.init, *recipe.augment):
        yield from component.problems()
