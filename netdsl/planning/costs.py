"""What the layers of a network answer once all volumes are known, and how far each of them sees."""

from __future__ import annotations

from operator import is_
from typing import NamedTuple

from netdsl.graph.draft.inputs import INPUT_LIMIT
from netdsl.graph.network import Network
from netdsl.layers.alike import count_answers
from netdsl.layers.layer import Layer
from netdsl.layers.taps import Channels
from netdsl.planning.answers import VIEW_LIMIT, Costs, SeenBehind, answer_of
from netdsl.planning.plan import PlannedLayer
from netdsl.planning.receptive_field import FieldTracer
from netdsl.planning.views import IMAGE, NOTHING, View
from netdsl.quantities import Size, Volume


def _widest(fields: list[Size | None]) -> Size | None:
    """What is seen of the input of which most is seen, down and across; None where one is not known."""
    known = [field for field in fields if field is not None]
    if len(known) < len(fields):
        return None
    return Size(max(field.height for field in known), max(field.width for field in known))


def planned_layers(network: Network, volumes: list[Volume]) -> tuple[PlannedLayer, ...]:
    """One planned layer per node; the same question of the same layer is asked once."""
    nodes = network.nodes
    sources = [node.position for node in nodes if not node.inputs][:INPUT_LIMIT]
    tracers = [FieldTracer() for _ in sources]
    views: dict[int, tuple[View, ...]] = {}
    last_readers = {source: node.position for node in nodes for source in node.inputs}
    planned: list[PlannedLayer] = []
    for node in nodes:
        position, before = node.position, node.inputs
        inputs = tuple([volumes[index] for index in before])
        output = volumes[position]
        costs = answer_of(node.layer, inputs).costs(node.layer, inputs)
        field = planned[before[0]].receptive_field if before and output[:2] == inputs[0][:2] else None
        if not before:
            behind = tuple([IMAGE if source == position else NOTHING for source in sources])
            field = _widest(
                [tracer.field(view, output) for tracer, view in zip(tracers, behind, strict=True)]
            )
        elif costs.reads.channels is not Channels.OWN or node.layer.keeps_order or field is None:
            reached = _ReachedLayer(node.layer, costs, inputs, output, field)
            behind, field = _behind(tracers, reached, [views[index] for index in before])
        else:
            behind = views[before[0]]  # each number is that in its place: nothing more is seen
        views[position] = behind
        for index in before:
            if last_readers[index] == position:
                views.pop(index, None)
        parameters, statistics = costs.parameters, costs.statistics
        if node.shares is not None:
            parameters, statistics = (), ()
        planned.append(PlannedLayer(node, inputs, output, parameters, statistics, costs.macs, field))
    return tuple(planned)


class _ReachedLayer(NamedTuple):
    """A layer with its inputs. ``field`` is what its widest position sees where that is what the widest of
    its first input sees, if known."""

    layer: Layer
    costs: Costs
    inputs: tuple[Volume, ...]
    output: Volume
    field: Size | None

    def behind(self, tracer: FieldTracer, views: tuple[View, ...]) -> View:
        return tracer.behind(self.layer, views, self.inputs, self.output, self.costs.reads)


def _behind(
    tracers: list[FieldTracer], reached: _ReachedLayer, views: list[tuple[View, ...]]
) -> tuple[tuple[View, ...], Size | None]:
    """The views behind a layer, one for each input of the network, and how far its widest position sees."""
    if len(tracers) == 1:
        view, field = _view_behind(tracers[0], reached, tuple([view for (view,) in views]))
        return (view,), field
    seen = zip(*views, strict=True)
    behind = tuple([reached.behind(tracer, view) for tracer, view in zip(tracers, seen, strict=True)])
    same = all(map(is_, behind, views[0])) and reached.output.size == reached.inputs[0].size
    if same:
        return behind, reached.field
    return behind, _widest(
        [tracer.field(view, reached.output) for tracer, view in zip(tracers, behind, strict=True)]
    )


def _view_behind(
    tracer: FieldTracer, reached: _ReachedLayer, seen: tuple[View, ...]
) -> tuple[View, Size | None]:
    """The view behind a layer, and how far its widest position sees.

    What comes of the same views is kept with the work that it takes, as a network has only so much of it.
    """
    key, reads = None, reached.costs.reads
    if reads.channels is not Channels.OWN and not reached.layer.keeps_order:  # those pass on the view itself
        single = reads.channels is Channels.STACKED or bool(reads.taken) or reads.dealt > 1
        key = tuple([(one.parts, one.alike, one.whole, id(one.strips) if single else 0) for one in seen])
        known = reached.costs.views.get(key)
        if known is not None and known.work <= tracer.work.left:
            tracer.work.left -= known.work
            return known.view, known.field
    left = tracer.work.left
    view = reached.behind(tracer, seen)
    same = view is seen[0] and reached.output.size == reached.inputs[0].size
    field = reached.field if same else tracer.field(view, reached.output)
    if key is not None and not same and tracer.work.left >= 0 and len(reached.costs.views) < VIEW_LIMIT:
        reached.costs.views[key] = SeenBehind(seen, view, field, left - tracer.work.left)
        count_answers(1 + len(view.strips) // _POINTERS)
    return view, field


_POINTERS = 100
"""So many take as much memory as an answer."""
