"""Walks a network from its input and works out every volume; names no kind of layer.

The order of questions is that of the layer contract: problems, then the volume, then the rest.
A layer without a volume is silent for those after it, unless a claim says what it makes: then
the walk continues with the claim, and mistakes further down are found in the same run.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from netdsl.diagnostics import Findings, Mistake, has_errors
from netdsl.graph.draft.entries import Counted, Draft, Entry, Gap, Open, Projection
from netdsl.graph.network import Network, Node, Noted, Shares
from netdsl.layers.alike import layer_like
from netdsl.layers.layer import Layer
from netdsl.planning.answers import Outcome, answer_of
from netdsl.planning.costs import planned_layers
from netdsl.planning.cures import Cured
from netdsl.planning.layer_diagnostics import TRACE_LENGTH, LayerInContext, report_claim, report_mistake
from netdsl.planning.notes import check_notes
from netdsl.planning.owners import Owners
from netdsl.planning.plan import Plan
from netdsl.quantities import Size, Volume

if TYPE_CHECKING:
    from netdsl.planning.option_inference import Solver
    from netdsl.planning.surroundings import Surroundings

DIFFERENT_LIMIT = 10_000
"""Layers that are not alike: a layer with another input volume is another one."""

_TOO_MANY = Mistake(
    "ND211",
    f"the network has more than {DIFFERENT_LIMIT:,} different layers",
    label="a layer counts again for each volume that it is given",
    help=("repeat fewer layers that change the volume",),
)


class Sketch(NamedTuple):
    """What is known of a network, with mistakes in it or not: its layers in order, and the volume of each
    where it has one; a layer that claims another than it makes has the one that it claims."""

    nodes: tuple[Node | Gap, ...]
    volumes: tuple[Volume | None, ...]


def plan_draft(draft: Draft, findings: Findings) -> Plan | None:
    """The plan of a network; None where a volume is missing or a claim is wrong, each reported."""
    return sketched_and_planned(draft, findings)[1]


def sketched_and_planned(draft: Draft, findings: Findings) -> tuple[Sketch, Plan | None]:
    """What is known of a network, and its plan where there is one."""
    walk = _Walk(draft, findings)
    for entry in draft.entries:
        walk.visit(entry)
    findings.use = None
    return Sketch(tuple(walk.nodes), tuple(walk.volumes)), _plan(walk, draft, findings)


def _plan(walk: _Walk, draft: Draft, findings: Findings) -> Plan | None:
    nodes = tuple(node for node in walk.nodes if isinstance(node, Node))
    volumes = [volume for volume in walk.volumes if volume is not None]
    if not walk.sound or not len(nodes) == len(volumes) == len(walk.nodes):
        if draft.unsettled is not None and not has_errors(findings.found):
            message = "what comes in is not known here before the network is planned"
            cure = "write the number in place of `channels`"
            findings.add("ND246", message, draft.unsettled, help=(cure,))
        return None
    network = Network(
        draft.name, nodes, draft.expectations, draft.source, draft.dialect, draft.patterns, draft.recipe
    )
    return Plan(network, planned_layers(network, volumes))


class _Walk:
    """The layers and volumes so far. ``computed`` keeps what the arithmetic gave where a claim
    differs; ``node_of_entry`` says for every entry of the draft which node makes its output."""

    def __init__(self, draft: Draft, findings: Findings) -> None:
        self.draft = draft
        self.findings = findings
        self.nodes: list[Node | Gap] = []
        self.volumes: list[Volume | None] = []
        self.node_of_entry: list[int] = []
        self.computed: dict[int, Volume] = {}
        self.outcomes: dict[tuple[int, tuple[Volume, ...]], Outcome] = {}
        self.sound = True
        self.projections: dict[tuple[int, Size], tuple[tuple[str, Layer], ...]] = {}
        self._entry = 0
        self.next_join = 0
        self.branches_beside: tuple[bool, Volume | None] = (True, None)
        self._owners = Owners(findings)
        self._projected: dict[int, list[str]] = {}

    @cached_property
    def _solver(self) -> Solver:
        from netdsl.planning.option_inference import Solver  # only claims that do not hold need it

        return Solver(self.draft.dialect, self.findings)

    @cached_property
    def _surroundings(self) -> Surroundings:
        from netdsl.planning.surroundings import Surroundings  # only mistakes need them

        return Surroundings(self.draft, self.findings.source, self.nodes, self.volumes, self.node_of_entry)

    def visit(self, entry: Entry) -> None:
        self._entry = entry.position
        self.findings.use = entry.use
        if isinstance(entry, Projection):
            self._project(entry)
            return
        position = len(self.nodes)
        if self.projections or position != entry.position:  # those before it shift what it reads
            inputs = tuple(self.node_of_entry[index] for index in entry.inputs)
            entry = entry._replace(position=position, inputs=inputs)
        self.node_of_entry.append(position)
        if type(entry) is Node and self._is_settled(entry):
            return
        if isinstance(entry, Counted):
            entry = self._counted(entry)
        if isinstance(entry, Open):
            entry = self._solver.complete(entry, self._inputs(entry.inputs))
        self._settle(entry)

    def _is_settled(self, node: Node) -> bool:
        """Put a layer of which nothing is claimed, and nothing is wrong: most are."""
        if node.claim is not None or node.shares is not None:
            return False
        known = self.volumes
        inputs = tuple([volume for index in node.inputs if (volume := known[index]) is not None])
        if len(inputs) < len(node.inputs) or not _takes(node, len(inputs)):
            return False
        outcome = self._volume(node, inputs)
        if not isinstance(outcome, Volume):
            return False
        self._owners.keep(node, inputs)
        self.nodes.append(node)
        known.append(outcome)
        return True

    def _counted(self, entry: Counted) -> Node | Gap | Open:
        """`CONV 3x3x64`: 64 filters, unless the input has 64 channels: then both can be meant."""
        if entry.turned:
            self._report_turned(entry)
            return Gap(entry.position, entry.name, entry.inputs, entry.span, entry.claim)
        inputs = self._inputs(entry.inputs)
        number: int = entry.values[entry.third]
        other = entry.otherwise._replace(position=entry.position, inputs=entry.inputs, use=entry.use)
        if inputs is None or len(inputs) != 1:
            return other
        if inputs[0].channels != number:
            values = {name: value for name, value in entry.values.items() if name != entry.third}
            spans = dict(entry.option_spans)
            spans[entry.lacking] = spans.pop(entry.third)
            layer = layer_like(entry.kind, self.draft.dialect, {**values, entry.lacking: number})
            node = Node(entry.position, entry.name, layer, entry.inputs, entry.span, spans, entry.claim)
            return node._replace(use=entry.use, shares=entry.shares)
        if isinstance(other, Gap):
            kernel = entry.values["kernel"]
            name = entry.kind.keyword
            self.findings.add(
                "ND230",
                f"{entry.name}: the {number} of `{kernel}x{number}` can be read in two ways",
                entry.option_spans[entry.third],
                f"the input is {inputs[0]}",
                help=(
                    f"write `{name} {number} {kernel}` for {number} filters",
                    f"write `{name} 32 {kernel}x{number}` for 32 filters, each {number} deep",
                ),
            )
        return other

    def _report_turned(self, entry: Counted) -> None:
        """`CONV 64x3x3`, as programs keep weights: 64 filters of 3x3, or 3 of 64x3."""
        kernel = entry.values["kernel"]
        number: int = entry.values[entry.third]
        name = entry.kind.keyword
        self.findings.add(
            "ND230",
            f"{entry.name}: `{kernel}x{number}` can be read in two ways",
            entry.option_spans["kernel"].to(entry.option_spans[entry.third]),
            help=(
                f"write `{name} {kernel.height} {kernel.width}x{number}`: the filters come first",
                f"write `{name} {number} {kernel}`: the filters come after their size",
            ),
        )

    def _settle(self, node: Node | Gap) -> None:
        """Find the volume of a node and compare it with its claim."""
        claimed = node.claim.volume if node.claim else None
        inputs = self._inputs(node.inputs)
        if isinstance(node, Gap) or inputs is None or not _takes(node, len(inputs)):
            self._put(node, claimed)
            self.sound = False
            return
        outcome = self._volume(node, inputs)
        if claimed is not None and not _agrees(outcome, claimed):
            node = self._solver.adjust(node, inputs)
            outcome = self._volume(node, inputs)
            if not _agrees(outcome, claimed):
                outcome = self._with_computed_inputs(node, claimed) or outcome
        if isinstance(outcome, Volume):
            wrong = claimed is not None and not outcome.agrees(claimed)
            node = self._owners.settled(node, inputs)
            self._put(node, claimed if wrong else outcome)
            if wrong:
                self.computed[node.position] = outcome
                self.sound = False
                report_claim(self._in_context(node, inputs), outcome, self.findings)
            elif node.claim is not None and node.claim.noted:
                self._check_notes(node, node.claim.noted, inputs, outcome)
        else:
            volume = claimed or _spared(node, inputs, outcome)
            self.sound = False
            for mistake in outcome:
                cured = Cured(mistake.help)
                if not self.findings.crowded:
                    cured = self._surroundings.cured(self._entry, node, inputs, mistake)
                report_mistake(self._in_context(node, inputs), mistake, cured, self.findings)
                volume = volume or cured.volume
            self._put(node, volume)

    def _check_notes(
        self, node: Node, noted: tuple[Noted, ...], inputs: tuple[Volume, ...], output: Volume
    ) -> None:
        """Compare the notes of a layer whose volume is right, for all the inputs that make it: those
        claimed above, and those that the arithmetic gave where they differ."""
        possible = dict.fromkeys((inputs, self._computed_inputs(node)))
        weights = [
            node.layer.parameters(*volumes)
            for volumes in possible
            if _agrees(self._volume(node, volumes), output)
        ]
        check_notes(node.name, noted, output, weights, self.findings)

    def _put(self, node: Node | Gap, volume: Volume | None) -> None:
        self.nodes.append(node)
        self.volumes.append(volume)

    def _project(self, entry: Projection) -> None:
        """Put nothing where the volume is that of the other branches, else layers that make it so."""
        source = self.node_of_entry[entry.inputs[0]] if entry.inputs else None
        alone, target = self._beside(entry)
        if alone:
            message = "PROJECT takes its volume from another branch, and there is none"
            cure = "write `ADD[ CONV 64 3x3 pad 1 | PROJECT ]`"
            self.findings.add("ND222", message, entry.span, help=(cure,))
        x = self.volumes[source] if source is not None else None
        if source is None or x is None or target is None:
            self.node_of_entry.append(len(self.nodes))
            self._put(Gap(len(self.nodes), "PROJECT", (), entry.span, None), None)
            self.sound = False
            return
        made: list[str] = []
        if not (x.agrees(target) and entry.stride == Size(1, 1)):
            from netdsl.layers.project import projection  # few networks have one

            name = self.draft.names.of_kind("PROJECT", single=False)
            key = (target.channels, entry.stride)
            if key not in self.projections:
                self.projections[key] = projection(*key, self.draft.dialect)
            for ending, layer in self.projections[key]:
                label = self.draft.names.labelled(f"{name}{ending}") if ending else name
                inputs = (source,)
                source = len(self.nodes)
                node = Node(source, label, layer, inputs, entry.span, {}, implied=True)
                owners = self._projected.get(entry.shares, []) if entry.shares is not None else []
                if len(made) < len(owners):
                    node = node._replace(shares=Shares(owners[len(made)], entry.span, whole=True))
                made.append(node.owner)
                self._settle(node)
        self._projected[entry.expanded] = made
        self.node_of_entry.append(source)

    def _beside(self, entry: Projection) -> tuple[bool, Volume | None]:
        """Whether a join has nothing but projections, and the volume of its other branches; worked out
        once for all its projections, which follow one another right before it."""
        if entry.position >= self.next_join:
            position = entry.position
            while isinstance(self.draft.entries[position], Projection):
                position += 1
            inputs = self.draft.entries[position].inputs
            others = [index for index in inputs if not isinstance(self.draft.entries[index], Projection)]
            known = (self.volumes[self.node_of_entry[index]] for index in others)
            target = next((volume for volume in known if volume is not None), None)
            self.next_join, self.branches_beside = position, (not others, target)
        return self.branches_beside

    def _inputs(self, indices: tuple[int, ...]) -> tuple[Volume, ...] | None:
        known = [self.volumes[index] for index in indices]
        inputs = tuple(volume for volume in known if volume is not None)
        return inputs if len(inputs) == len(known) else None

    def _volume(self, node: Node, inputs: tuple[Volume, ...]) -> Outcome:
        """The volume or what is wrong, asked once for the same layer and inputs: groups repeat."""
        key = (id(node.layer), inputs)
        known = self.outcomes.get(key)
        if known is not None:
            return known
        if len(self.outcomes) >= DIFFERENT_LIMIT:
            return (_TOO_MANY,)
        outcome = self.outcomes[key] = answer_of(node.layer, inputs).outcome
        return outcome

    def _with_computed_inputs(self, node: Node, claimed: Volume) -> Volume | None:
        """The claim itself, where it follows from what the arithmetic gave for the layer before:
        then only that layer's claim is wrong, and it is reported already."""
        if not any(index in self.computed for index in node.inputs):
            return None
        outcome = self._volume(node, self._computed_inputs(node))
        return claimed if _agrees(outcome, claimed) else None

    def _computed_inputs(self, node: Node) -> tuple[Volume, ...]:
        """What the arithmetic gave for the layers before, whatever they claim."""
        inputs = (self.computed.get(index, self.volumes[index]) for index in node.inputs)
        return tuple(volume for volume in inputs if volume is not None)

    def _in_context(self, node: Node, inputs: tuple[Volume, ...]) -> LayerInContext:
        return LayerInContext(node, inputs, self._trace(node))

    def _trace(self, node: Node) -> tuple[tuple[str, Volume | None], ...]:
        """The layers on the way from the input with their volumes, the nearest last; only as many
        as are shown, and the first."""
        trace: list[tuple[str, Volume | None]] = []
        indices = node.inputs
        while indices and len(trace) < TRACE_LENGTH:
            before = self.nodes[indices[0]]
            trace.append((before.name, self.volumes[indices[0]]))
            indices = before.inputs
        if indices:
            trace.append((self.nodes[0].name, self.volumes[0]))
        return tuple(reversed(trace))


def _takes(node: Node, volumes: int) -> bool:
    """Whether the layer takes this many volumes; where not, that is reported already."""
    wanted = node.layer.inputs
    return volumes > 1 if wanted is None else volumes == wanted


def _spared(node: Node, inputs: tuple[Volume, ...], mistakes: tuple[Mistake, ...]) -> Volume | None:
    """The volume that a layer makes in spite of its mistakes, where they leave it alone."""
    made = node.layer.volume(*inputs) if all(mistake.spares_volume for mistake in mistakes) else None
    return made if isinstance(made, Volume) else None


def _agrees(outcome: Outcome, claimed: Volume) -> bool:
    return isinstance(outcome, Volume) and outcome.agrees(claimed)
