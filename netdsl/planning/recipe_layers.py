"""The layers that a recipe names: those whose rate differs, and those that do not learn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from netdsl.diagnostics import Mistake
from netdsl.graph.names.unique_names import label_key
from netdsl.layers.registry import keywords_meant
from netdsl.planning.named_layers import NamedLayers
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.recipe.recipe import Recipe
from netdsl.spelling import did_you_mean


class RecipeLayers(NamedTuple):
    """Factors of the rate by layer, the frozen layers, and what is wrong with the entries that say so.

    A mistake's ``option`` is the name in question. Of several names that mean a layer the last counts.
    """

    factors: dict[str, float]
    frozen: frozenset[str]
    mistakes: tuple[tuple[str, Mistake], ...]


def recipe_layers(plan: Plan, recipe: Recipe) -> RecipeLayers:
    """What ``factor`` and ``freeze`` come to for a network."""
    if not recipe.factor and not recipe.freeze:
        return RecipeLayers({}, frozenset(), ())
    written = [name for name, _ in recipe.factor] + list(recipe.freeze)
    names = NamedLayers([layer.node.name for layer in plan.layers], written)
    mistakes: list[tuple[str, Mistake]] = []
    factors: dict[str, float] = {}
    named: dict[str, str] = {}
    for name, factor in recipe.factor:
        meant = _meant(plan, names, "factor", name, mistakes)
        factors |= dict.fromkeys(meant, factor)
        named |= dict.fromkeys(meant, name)
    frozen = {layer for name in recipe.freeze for layer in _meant(plan, names, "freeze", name, mistakes)}
    if not mistakes:
        mistakes += _contradictions(plan, named, frozen)
    if frozen:  # those that work with frozen weights are frozen too
        frozen |= {layer.node.name for layer in plan.layers if layer.node.owner in frozen}
    return RecipeLayers(factors, frozenset(frozen), tuple(mistakes))


def _meant(
    plan: Plan, names: NamedLayers, entry: str, name: str, mistakes: list[tuple[str, Mistake]]
) -> list[str]:
    """The layers with parameters that a name means: one, all of a kind, or all that fit a name with ``*``."""
    if "*" in name:
        parts = label_key(name).upper().split("*")
        found = [layer for layer in plan.layers if _fits(parts, label_key(layer.node.name).upper())]
    else:
        position = names.position(name)
        found = _of_kind(plan, name) if position is None else [plan.layers[position]]
    learning = [layer.node.owner for layer in found if layer.used_parameters]
    if not learning:
        mistakes.append((entry, _nothing(names, name, found)))
    return learning


def _of_kind(plan: Plan, name: str) -> list[PlannedLayer]:
    """All layers of a kind that the name means; none where it means no kind."""
    keywords = keywords_meant(name.replace("_", " "))
    return [layer for layer in plan.layers if layer.node.layer.keyword in keywords]


def _fits(parts: list[str], name: str) -> bool:
    """Whether the parts are in a name in their order, the first and the last at its ends."""
    first, *middle, last = parts
    offset, end = len(first), len(name) - len(last)
    if offset > end or not name.startswith(first) or not name.endswith(last):
        return False
    for part in middle:
        found = name.find(part, offset, end)
        if found < 0:
            return False
        offset = found + len(part)
    return True


def _nothing(names: NamedLayers, name: str, found: list[PlannedLayer]) -> Mistake:
    if found:
        message = f"`{name[:60]}` has no parameters to learn"
        return Mistake("ND534", message, name, help=("leave it out, or name a layer with parameters",))
    near = None if "*" in name else did_you_mean(name, names.written)
    cures = (f"did you mean `{near}`?",) if near else ()
    return Mistake(
        "ND534",
        f"there is no layer called `{name[:60]}`",
        name,
        help=(
            *cures,
            "use the names in the table; `CONV` means all of a kind, `C*` all that begin with C",
        ),
    )


def _contradictions(plan: Plan, named: dict[str, str], frozen: set[str]) -> Iterator[tuple[str, Mistake]]:
    """``named`` are the layers that have a factor, by name, each with how it is written."""
    if frozen.issuperset(layer.node.name for layer in plan.layers if layer.parameters):
        cure = "leave out the layer that should learn"
        yield (
            "freeze",
            Mistake("ND535", "every layer with parameters is frozen: nothing learns", help=(cure,)),
        )
        return
    both = next((name for name in named if name in frozen), None)
    if both is not None:
        message = f"{both} is frozen, so the factor of its rate has no effect"
        yield "factor", Mistake("ND535", message, named[both], help=("leave it out of one of the two",))
