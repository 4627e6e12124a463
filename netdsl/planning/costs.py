"""What the layers of a network answer once all volumes are known, and how far each of them sees."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.graph.network import Network
from netdsl.graph.sources import INPUT_LIMIT
from netdsl.layers.layer import Layer, Parameter, Statistic
from netdsl.layers.reading import Reads
from netdsl.planning.plan import PlannedLayer
from netdsl.planning.sight import Sight
from netdsl.planning.views import IMAGE, NOTHING, View
from netdsl.quantities import Size, Volume


class _Costs(NamedTuple):
    """What a layer answers for its inputs, once they are known to fit."""

    parameters: tuple[Parameter, ...]
    statistics: tuple[Statistic, ...]
    macs: int
    reads: Reads


def _costs(layer: Layer, inputs: tuple[Volume, ...]) -> _Costs:
    return _Costs(
        layer.parameters(*inputs),
        layer.statistics(*inputs),
        layer.macs(*inputs),
        layer.reads(*inputs),
    )


def _widest(fields: list[Size | None]) -> Size | None:
    """What is seen of the input of which most is seen, down and across; None where one is not known."""
    known = [field for field in fields if field is not None]
    if len(known) < len(fields):
        return None
    return Size(max(field.height for field in known), max(field.width for field in known))


def planned_layers(network: Network, volumes: list[Volume]) -> tuple[PlannedLayer, ...]:
    """One planned layer per node; the same question of the same layer is asked once."""
    sources = [node.position for node in network.nodes if not node.inputs][:INPUT_LIMIT]
    sights = [Sight() for _ in sources]
    views: dict[int, tuple[View, ...]] = {}
    last_readers = {source: node.position for node in network.nodes for source in node.inputs}
    planned: list[PlannedLayer] = []
    known: dict[tuple[int, tuple[Volume, ...]], _Costs] = {}
    for node in network.nodes:
        inputs = tuple(volumes[index] for index in node.inputs)
        key = (id(node.layer), inputs)
        costs = known.get(key)
        if costs is None:
            costs = known[key] = _costs(node.layer, inputs)
        parameters, statistics, macs, reads = costs
        if node.shares is not None:
            parameters, statistics = (), ()
        output = volumes[node.position]
        found = []
        for place, sight in enumerate(sights):
            seen = tuple([views[index][place] for index in node.inputs])
            if seen:
                found.append(sight.behind(node.layer, seen, inputs, output, reads))
            else:
                found.append(IMAGE if sources[place] == node.position else NOTHING)
        behind = tuple(found)
        before = views[node.inputs[0]] if node.inputs else ()
        same = bool(before) and all(view is other for view, other in zip(behind, before, strict=True))
        if same and output.size == inputs[0].size:
            field = planned[node.inputs[0]].receptive_field
        else:
            field = _widest([sight.field(view, output) for sight, view in zip(sights, behind, strict=True)])
        views[node.position] = behind
        for index in node.inputs:
            if last_readers[index] == node.position:
                views.pop(index, None)
        planned.append(PlannedLayer(node, inputs, output, parameters, statistics, macs, field))
    return tuple(planned)
