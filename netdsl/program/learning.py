"""What a recipe says about the updates beside the optimizer: layer by layer, and over several batches."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from netdsl.planning.plan import Plan
from netdsl.planning.recipe_layers import recipe_layers
from netdsl.recipe.recipe import Recipe

EVERY_LAYER_ALIKE: Mapping[str, float] = MappingProxyType({})


class Learning(NamedTuple):
    """How the parameters of a network are updated.

    ``factors`` multiply the rate, by layer; layers that are not named have 1. ``frozen`` layers learn
    nothing. ``clip`` is the largest norm of all gradients together, 0 for any. ``accumulates`` says
    whether an update takes the gradients of several steps, ``averages`` whether a running average of
    each parameter is kept.
    """

    factors: Mapping[str, float] = EVERY_LAYER_ALIKE
    frozen: frozenset[str] = frozenset()
    clip: float = 0.0
    accumulates: bool = False
    averages: bool = False


AVERAGE = ".average"
"""What the name of a parameter's running average ends in."""


def learning_of(plan: Plan, recipe: Recipe) -> Learning:
    """What a recipe says for a network; names that mean no layer of it are left out."""
    layers = recipe_layers(plan, recipe)
    return Learning(layers.factors, layers.frozen, recipe.clip, recipe.accumulate > 1, recipe.average > 0)


Array = TypeVar("Array")


def evaluated_arrays(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays by name, without averages, which take the place of their parameters."""
    names = (name for name in arrays if not name.endswith(AVERAGE))
    return {name: arrays.get(name + AVERAGE, arrays[name]) for name in names}
