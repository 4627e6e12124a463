"""What the layers of a network answer once all volumes are known, and how far each of them sees."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.graph.network import Network
from netdsl.layers.layer import Layer, Parameter, Statistic
from netdsl.layers.reading import Reads
from netdsl.plan.plan import PlannedLayer
from netdsl.plan.sight import Sight
from netdsl.plan.views import View
from netdsl.quantities import Volume


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


def planned_layers(network: Network, volumes: list[Volume]) -> tuple[PlannedLayer, ...]:
    """One planned layer per node; the same question of the same layer is asked once."""
    sight = Sight()
    views: dict[int, View] = {}
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
        output = volumes[node.position]
        seen = tuple([views[index] for index in node.inputs])
        view = sight.behind(node.layer, seen, inputs, output, reads)
        if seen and view is seen[0] and output.size == inputs[0].size:
            field = planned[node.inputs[0]].receptive_field
        else:
            field = sight.field(view, output)
        views[node.position] = view
        for index in node.inputs:
            if last_readers[index] == node.position:
                views.pop(index, None)
        planned.append(PlannedLayer(node, inputs, output, parameters, statistics, macs, field))
    return tuple(planned)
