"""Walks a network from its input and works out every volume; names no kind of layer.

The order of questions is that of the layer contract: problems, then the volume, then the rest.
A layer without a volume is silent for those behind it, unless a claim says what it makes: then
the walk goes on with the claim, and mistakes further down are found in the same run.
"""

from __future__ import annotations

from typing import NamedTuple

from netdsl.diagnostics import Findings, Mistake
from netdsl.graph.draft import Draft, Gap
from netdsl.graph.network import Network, Node
from netdsl.layers.layer import Layer, Parameter, Statistic, Window
from netdsl.plan.faults import Place, report_claim, report_mistake
from netdsl.plan.plan import Plan, PlannedLayer
from netdsl.quantities import Size, Volume


class _View(NamedTuple):
    """What one position of a volume sees of the input: its size, and the steps between two."""

    size: Size
    step: Size

    def through(self, window: Window) -> _View:
        """The view of a position behind a window."""
        size = Size(
            self.size.height + (window.kernel.height - 1) * self.step.height,
            self.size.width + (window.kernel.width - 1) * self.step.width,
        )
        step = Size(self.step.height * window.stride.height, self.step.width * window.stride.width)
        return _View(size, step)


_PIXEL = _View(Size(1, 1), Size(1, 1))


def plan_draft(draft: Draft, findings: Findings) -> Plan | None:
    """The plan of a network; None where a volume is missing or a claim is wrong, each reported."""
    walk = _Walk(draft, findings)
    for node in draft.nodes:
        walk.visit(node)
    network = draft.network()
    if network is None or not walk.sound or None in walk.volumes:
        return None
    return Plan(network, _planned(network, [volume for volume in walk.volumes if volume is not None]))


class _Walk:
    """The volumes so far. ``computed`` keeps what the arithmetic gave where a claim differs."""

    def __init__(self, draft: Draft, findings: Findings) -> None:
        self.draft = draft
        self.findings = findings
        self.volumes: list[Volume | None] = []
        self.computed: dict[int, Volume] = {}
        self.outcomes: dict[tuple[int, tuple[Volume, ...]], Volume | tuple[Mistake, ...]] = {}
        self.sound = True

    def visit(self, node: Node | Gap) -> None:
        claimed = node.claim.volume if node.claim else None
        inputs = self._inputs(node)
        if isinstance(node, Gap) or inputs is None or len(inputs) != node.layer.inputs:
            self.volumes.append(claimed)
            self.sound = False
            return
        outcome = self._volume(node, inputs)
        if claimed is not None and not _agrees(outcome, claimed):
            outcome = self._with_computed_inputs(node, claimed) or outcome
        if isinstance(outcome, Volume):
            self.volumes.append(claimed if claimed and not outcome.agrees(claimed) else outcome)
            if claimed and not outcome.agrees(claimed):
                self.computed[node.position] = outcome
                self.sound = False
                report_claim(self._place(node, inputs), outcome, self.findings)
        else:
            self.volumes.append(claimed)
            self.sound = False
            for mistake in outcome:
                report_mistake(self._place(node, inputs), mistake, self.findings)

    def _inputs(self, node: Node | Gap) -> tuple[Volume, ...] | None:
        known = [self.volumes[index] for index in node.inputs]
        inputs = tuple(volume for volume in known if volume is not None)
        return inputs if len(inputs) == len(known) else None

    def _volume(self, node: Node, inputs: tuple[Volume, ...]) -> Volume | tuple[Mistake, ...]:
        """The volume or what is wrong, asked once for the same layer and inputs: groups repeat."""
        key = (id(node.layer), inputs)
        known = self.outcomes.get(key)
        if known is not None:
            return known
        problems = node.layer.problems(*inputs)
        outcome = node.layer.volume(*inputs) if not problems else None
        if isinstance(outcome, Mistake):
            problems = (outcome,)
        self.outcomes[key] = answer = outcome if isinstance(outcome, Volume) else problems
        return answer

    def _with_computed_inputs(self, node: Node, claimed: Volume) -> Volume | None:
        """The claim itself, where it follows from what the arithmetic gave for the layer before:
        then only that layer's claim is wrong, and it is reported already."""
        if not any(index in self.computed for index in node.inputs):
            return None
        inputs = tuple(self.computed.get(index, self.volumes[index]) for index in node.inputs)
        known = tuple(volume for volume in inputs if volume is not None)
        outcome = self._volume(node, known)
        return claimed if _agrees(outcome, claimed) else None

    def _place(self, node: Node, inputs: tuple[Volume, ...]) -> Place:
        return Place(node, inputs, self._trace(node))

    def _trace(self, node: Node) -> tuple[tuple[str, Volume | None], ...]:
        """The layers on the way from the input with their volumes, the nearest last."""
        trace = []
        indices = node.inputs
        while indices:
            before = self.draft.nodes[indices[0]]
            trace.append((before.name, self.volumes[before.position]))
            indices = before.inputs
        return tuple(reversed(trace))


def _agrees(outcome: Volume | tuple[Mistake, ...], claimed: Volume) -> bool:
    return isinstance(outcome, Volume) and outcome.agrees(claimed)


class _Costs(NamedTuple):
    """What a layer answers for its inputs, once they are known to fit."""

    parameters: tuple[Parameter, ...]
    statistics: tuple[Statistic, ...]
    macs: int
    kept_values: int
    window: Window


def _costs(layer: Layer, inputs: tuple[Volume, ...]) -> _Costs:
    return _Costs(
        layer.parameters(*inputs),
        layer.statistics(*inputs),
        layer.macs(*inputs),
        layer.kept_values(*inputs),
        layer.window(*inputs),
    )


def _planned(network: Network, volumes: list[Volume]) -> tuple[PlannedLayer, ...]:
    views: list[_View] = []
    planned = []
    known: dict[tuple[int, tuple[Volume, ...]], _Costs] = {}
    for node in network.nodes:
        inputs = tuple(volumes[index] for index in node.inputs)
        key = (id(node.layer), inputs)
        costs = known.get(key)
        if costs is None:
            costs = known[key] = _costs(node.layer, inputs)
        parameters, statistics, macs, kept_values, window = costs
        widest = max((views[index] for index in node.inputs), default=None)
        view = widest.through(window) if widest else _PIXEL
        views.append(view)
        output = volumes[node.position]
        planned.append(
            PlannedLayer(node, inputs, output, parameters, statistics, macs, kept_values, view.size)
        )
    return tuple(planned)
