"""Which recipes a search tries, in which order: a grid, or draws at random.

Both follow from the seed and the number of the trial alone, so any number of processes, interrupted or
not, tries the same recipes; and no recipe is tried twice, since its result would be the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, product
from math import exp, log
from typing import TYPE_CHECKING, Any

from netdsl.data.randomness import stream
from netdsl.recipe.points import Point, at_home, own_point
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.search import Choices, Range

if TYPE_CHECKING:
    import numpy as np

LARGEST_GRID = 10_000
_FRUITLESS = 10_000
"""Draws in a row of recipes that were there before: then there is no other one, or hardly."""


class GridTooLargeError(ValueError):
    """A grid of more points than anybody tries; ``size`` counts them."""

    def __init__(self, size: int) -> None:
        super().__init__(f"a grid of {size:,} points")
        self.size = size


def frozen(point: Point) -> frozenset[tuple[str, Any]]:
    """A point as a key."""
    return frozenset(point.items())


def rounded(one: Range, value: float) -> float:
    """A value of a range with four digits, or a whole one: nobody needs more, and everybody can read it."""
    if one.whole:
        return min(max(round(value), int(one.low)), int(one.high))
    return min(max(float(f"{value:.4g}"), float(one.low)), float(one.high))


def spread(one: Range | Choices, points: int) -> list[Any]:
    """The values of a setting in a grid: all choices; of a range both ends and what lies evenly between
    them, on the logarithmic scale where it says so."""
    if isinstance(one, Choices):
        return list(one.values)
    shares = [index / (points - 1) for index in range(points)]
    return list(dict.fromkeys(rounded(one, _between(one, share)) for share in shares))


def _between(one: Range, share: float) -> float:
    if share in (0.0, 1.0):
        return one.high if share else one.low
    if one.logarithmic:
        return exp(log(one.low) + share * (log(one.high) - log(one.low)))
    return one.low + share * (one.high - one.low)


@lru_cache(maxsize=1)
def grid(recipe: Recipe, points: int) -> list[dict[str, Any]]:
    """Every recipe of the grid, in an order that the seed shuffles: so whatever part of it has been tried
    when a search ends early is spread over all of it. Raises GridTooLargeError."""
    values = [spread(one, points) for one in recipe.search]
    size = 1
    for some in values:
        size *= len(some)
    if size > LARGEST_GRID:
        raise GridTooLargeError(size)
    names = [one.setting for one in recipe.search]
    found: dict[frozenset[tuple[str, Any]], dict[str, Any]] = {}
    for combination in product(*values):
        point = at_home(recipe, dict(zip(names, combination, strict=True)))
        found.setdefault(frozen(point), point)
    distinct = list(found.values())
    order = stream(recipe.seed, "order of the grid").permutation(len(distinct))
    return [distinct[index] for index in order]


def drawn(recipe: Recipe) -> Iterator[dict[str, Any]]:
    """Different recipes, without end as long as there are any: the one that was written, where the search
    reaches it, so that what is found is no worse; then others at random."""
    generator = stream(recipe.seed, "search at random")
    seen = set()
    if (own := own_point(recipe)) is not None:
        seen.add(frozen(own))
        yield own
    fruitless = 0
    while fruitless < _FRUITLESS:
        point = at_home(recipe, {one.setting: _draw(one, generator) for one in recipe.search})
        key = frozen(point)
        if key in seen:
            fruitless += 1
            continue
        seen.add(key)
        fruitless = 0
        yield point


def _draw(one: Range | Choices, generator: np.random.Generator) -> Any:
    share = float(generator.random())  # one draw a setting, whatever it is
    if isinstance(one, Choices):
        return one.values[int(share * len(one.values))]
    if not one.whole:
        return rounded(one, _between(one, share))
    if one.logarithmic:
        low, high = log(one.low - 0.5), log(one.high + 0.5)
        return rounded(one, exp(low + share * (high - low)))
    return int(one.low) + int(share * (one.high - one.low + 1))


def drawn_point(recipe: Recipe, number: int) -> dict[str, Any] | None:
    """The recipe of a trial, counted from 1, of a search at random; None where there are no more."""
    return next(islice(drawn(recipe), number - 1, None), None)


def random_besides(recipe: Recipe, tried: set[frozenset[tuple[str, Any]]]) -> dict[str, Any] | None:
    """The first recipe at random that was not tried; None where there is none."""
    return next((point for point in drawn(recipe) if frozen(point) not in tried), None)
