"""How the receptive field of one layer comes about, window by window."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.layers.layer import Window
from netdsl.plan.costs import PIXEL, View, widest_input
from netdsl.plan.plan import Plan, PlannedLayer


class Look(NamedTuple):
    """One layer on the way: its window, and what a position sees before and behind it."""

    planned: PlannedLayer
    window: Window
    before: View
    behind: View


def looks(plan: Plan, position: int) -> list[Look]:
    """The layers from the input to a layer, where branches meet along the one that sees most."""
    views: list[View] = []
    sources: list[int | None] = []
    for planned in plan.layers[: position + 1]:
        source = widest_input(planned.node.inputs, views)
        sources.append(source)
        window = planned.node.layer.window(*planned.inputs)
        views.append(PIXEL if source is None else views[source].through(window))
    found = []
    place: int | None = position
    while place is not None:
        planned, source = plan.layers[place], sources[place]
        if source is not None:
            window = planned.node.layer.window(*planned.inputs)
            found.append(Look(planned, window, views[source], views[place]))
        place = source
    return list(reversed(found))
