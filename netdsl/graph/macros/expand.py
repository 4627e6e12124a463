"""Expands a file to its layers: repetition, branches, blocks and references.

What comes out is a list of layers with their inputs: a graph, before anything is known of their options.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from netdsl.diagnostics import Findings
from netdsl.graph.expanded_layers import (
    BranchEntry,
    CallEntry,
    Element,
    ExpandedLayer,
    GroupEntry,
    JoinEntry,
    LayerEntry,
    Phrase,
    Role,
    report_nothing,
)
from netdsl.graph.expressions.evaluate import Environment, LayerOutput
from netdsl.graph.macros.block_arguments import Meaning, is_number
from netdsl.graph.macros.limits import is_bounded
from netdsl.graph.macros.scopes import Scopes
from netdsl.graph.names.labels import Labels, UseOfBlock, find_label
from netdsl.graph.names.unique_names import label_of
from netdsl.graph.names.weight_sharing import Sharing
from netdsl.quantities import Volume
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.uses import Use

if TYPE_CHECKING:
    from netdsl.graph.macros.where_values import WhereValues


class _Frame:
    """One run through the text of a file or a block: its names and labels."""

    def __init__(self, environment: Environment, elements: list[Element], block: tree.Block | None) -> None:
        self.environment = environment
        self.block = block
        self.labels = Labels(elements, block)
        self.branches = 0
        self.group: tree.Group | None = None


class Expansion:
    """Expands the statements of one file."""

    def __init__(
        self,
        scopes: Scopes,
        volume_behind: Callable[[list[ExpandedLayer], int], Volume | None],
        findings: Findings,
    ) -> None:
        """``volume_behind`` says what a layer makes, as far as that can be known here."""
        self.scopes = scopes
        self.volume_behind = volume_behind
        self.findings = findings
        self.layers: list[ExpandedLayer] = []
        self.current: int | None = None
        self.use: Use | None = None
        self.reference: LayerOutput | None = None  # where the current layer is what a label names
        self.unsettled: Span | None = None
        self._dealing: list[tree.Where] = []
        self._sharing = Sharing(self.layers, findings)

    @cached_property
    def _where_values(self) -> WhereValues:
        from netdsl.graph.macros.where_values import WhereValues  # not every network has a where block

        return WhereValues(self.layers, self.findings)

    def expand(self, elements: list[Element]) -> list[ExpandedLayer]:
        """All layers in order; empty, with a finding, where there are too many."""
        if is_bounded(elements, self.scopes, self.findings):
            self._run(elements, _Frame(self.scopes.environment, elements, None))
        return self.layers

    def _run(self, elements: list[Element], frame: _Frame) -> None:
        """The depth of this recursion is that of brackets and blocks, which is limited."""
        for element in elements:
            _RUN[type(element)](self, element, frame)

    def _emit(self, expanded: ExpandedLayer) -> None:
        self.current, self.reference = len(self.layers), None
        self.layers.append(expanded if expanded.use is self.use else expanded._replace(use=self.use))

    def _inputs(self) -> tuple[int, ...]:
        return () if self.current is None else (self.current,)

    def _references(self) -> tuple[tuple[int, LayerOutput], ...]:
        return () if self.reference is None else ((0, self.reference),)

    def _layer(self, entry: LayerEntry, frame: _Frame) -> None:
        if frame.environment.hands_over:
            meaning = self.scopes.meaning_of(entry, frame.environment)
            if meaning is not None:
                self._use(meaning, frame)
                return
        if entry.role is Role.LAYER:
            self._own_layer(entry, frame)
        elif entry.role is Role.BLOCK:
            self._call(entry, frame)
        else:
            self._stand_in(entry, frame)

    def _own_layer(self, entry: LayerEntry, frame: _Frame) -> None:
        """A layer that is no use of a block and no part of a join."""
        head, unreadable = entry.head, tree.Unreadable(entry.span)
        if head.kind is None and is_number(entry.written, frame.block, frame.environment, self.findings):
            self._unreadable(unreadable, frame)
            return
        inputs, references = self._inputs(), self._references()
        environment = self._around(entry, frame)
        if environment is None:
            self._unreadable(unreadable, frame, head.label)
            return
        shares = None
        if head.shares is not None:
            passed = self._passed(head.shares, frame)
            shares = self._sharing.owner(head.shares, frame.labels, passed)
            if shares is None:
                self._unreadable(unreadable, frame, head.label)
                return
        self._emit(
            ExpandedLayer(
                entry,
                environment,
                inputs,
                head.label,
                entry.written.claim,
                group=frame.group,
                references=references,
                use=self.use,
                shares=shares,
            )
        )
        if head.label or head.is_input:
            frame.labels.define(head.label or head.written.upper(), len(self.layers) - 1, own=True)

    def _stand_in(self, entry: LayerEntry, frame: _Frame) -> None:
        """SKIP, or a PROJECT that is not alone in its branch."""
        layer = entry.written
        if entry.role is Role.PROJECT:
            message, cure = "PROJECT must be a branch by itself", "write `ADD[ CONV 64 3x3 pad 1 | PROJECT ]`"
            self.findings.add("ND222", message, layer.span, help=(cure,))
            return
        if not frame.branches:
            message = "SKIP belongs in a branch: it passes on the input of the join"
            self.findings.add("ND222", message, layer.span, help=("leave it out",))
        elif len(layer.words) + len(layer.items) > 1 + (len(layer.words) if layer.labelled else 0):
            message, cure = "SKIP changes nothing and takes no options", "PROJECT takes a stride"
            self.findings.add("ND207", message, layer.span, help=(cure,))
        if layer.labelled and self.current is not None:
            frame.labels.define(
                label_of(layer.words), self.current, own=self.reference is not None and self.reference.own
            )

    def _passed(self, phrase: Phrase, frame: _Frame) -> LayerOutput | None:
        """The layer whose volume the block was handed under the name in a phrase."""
        known = frame.environment.values.get(phrase.label.text) if phrase.label else None
        return known if isinstance(known, LayerOutput) else None

    def _around(self, layer: LayerEntry, frame: _Frame) -> Environment | None:
        """The names that hold for a layer: outside blocks `channels` is what comes into it."""
        if frame.block is not None or not layer.asks:
            return frame.environment
        channels = self._incoming(layer.span)
        return None if channels is None else self.scopes.with_channels(frame.environment, channels)

    def _incoming(self, span: Span) -> Fraction | None:
        """How many channels come in here; None where that is not known, which is or will be reported."""
        if self.current is None:
            self.unsettled = self.unsettled or span
            return None
        if self._dealing:
            message = "`channels` is not known in a group whose numbers come from `where`"
            cure = "write the options in the layers, or a number instead of `channels`"
            self.findings.add("ND246", message, self._dealing[-1].span, help=(cure,))
            return None
        volume = self.volume_behind(self.layers, self.current)
        if volume is None:
            self.unsettled = self.unsettled or span
        return None if volume is None else Fraction(volume.channels)

    def _unreadable(self, element: tree.Unreadable, frame: _Frame, label: str = "") -> None:
        inputs, references = self._inputs(), self._references()
        expanded = ExpandedLayer(
            element, frame.environment, inputs, label, group=frame.group, references=references
        )
        self._emit(expanded)
        if label:
            frame.labels.define(label, len(self.layers) - 1, own=True)

    def _group(self, entry: GroupEntry, frame: _Frame) -> None:
        group, outermost = entry.written, frame.group is None
        if outermost:
            frame.group = group
        first = len(self.layers)
        if group.where is not None:
            self._dealing.append(group.where)
        for _ in range(self.scopes.repetitions(group.times, frame.environment)):
            self._run(entry.elements, frame)
        if group.where is not None:
            self._dealing.pop()
            self._where_values.distribute(entry, first, frame.environment)
        if outermost:
            frame.group = None

    def _join(self, join: JoinEntry, frame: _Frame) -> None:
        head = join.layer.head
        if head.shares is not None:
            self._sharing.nothing_to_share(head.shares, f"{head.written} has no weights")
        first = len(self.layers)
        for _ in range(self.scopes.repetitions(join.written.times, frame.environment)):
            if join.names_group:
                self._run(join.branches[0].elements, frame)
            else:
                self._join_once(join, frame)
        if join.names_group:
            self._mark(label_of(join.layer.written.words), None, first, frame)

    def _join_once(self, join: JoinEntry, frame: _Frame) -> None:
        entry, named = self.current, self.reference
        outputs: list[tuple[int | None, LayerOutput | None]] = []
        projections: list[tuple[int, LayerEntry]] = []
        idle: list[BranchEntry] = []
        frame.branches += 1
        for branch in join.branches:
            self.current, self.reference = entry, named
            projection = self._projection(branch)
            if projection is None:
                self._run(branch.elements, frame)
            else:
                projections.append((len(outputs), projection))
            outputs.append((self.current, self.reference))
            if self.current is None and projection is None:
                idle.append(branch)
        frame.branches -= 1
        for branch in idle if idle and self._has_input() else ():
            report_nothing(branch.written.span, self.findings)
        for number, projection in projections:
            # Behind the other branches: their volumes decide what the projection is.
            self.current, self.reference = entry, named
            references = self._references()
            self._emit(
                ExpandedLayer(
                    projection,
                    frame.environment,
                    self._inputs(),
                    group=frame.group,
                    role=Role.PROJECT,
                    references=references,
                )
            )
            outputs[number] = self.current, None
        known = [(position, named) for position, named in outputs if position is not None]
        label = join.layer.head.label
        self._emit(
            ExpandedLayer(
                join.layer,
                frame.environment,
                tuple(position for position, _ in known),
                label,
                join.layer.written.claim,
                group=frame.group,
                role=Role.JOIN,
                whole=join.span,
                references=tuple((slot, named) for slot, (_, named) in enumerate(known) if named),
                use=self.use,
            )
        )
        if label:
            frame.labels.define(label, len(self.layers) - 1, own=True)

    def _has_input(self) -> bool:
        """Whether an input is among the layers so far; without any, that is what is missed."""
        entries = (expanded.entry for expanded in self.layers)
        return any(isinstance(entry, LayerEntry) and entry.head.is_input for entry in entries)

    def _projection(self, branch: BranchEntry) -> LayerEntry | None:
        if len(branch.elements) == 1:
            (element,) = branch.elements
            if isinstance(element, LayerEntry) and element.role is Role.PROJECT:
                return element
        return None

    def _reference(self, reference: tree.Reference, frame: _Frame) -> None:
        if not reference.leads and not self.findings.heard("ND222", reference.span):
            self.findings.add(
                "ND222",
                f"`@{reference.name}` would discard what comes before the link",
                reference.span,
                help=(
                    "a reference begins a line or a branch",
                    f"to join both, write `CONCAT[ SKIP | @{reference.name} ]`",
                ),
            )
        found = self._found(reference, frame)
        if found is None:
            self._unreadable(tree.Unreadable(reference.span), frame)
        else:
            self.current, self.reference = found.position, found

    def _found(self, reference: tree.Reference, frame: _Frame) -> LayerOutput | None:
        passed = frame.environment.values.get(reference.name)
        if isinstance(passed, LayerOutput):
            return passed
        return find_label(reference, frame.labels, self.findings)

    def _call(self, element: LayerEntry | CallEntry, frame: _Frame) -> None:
        meaning = self.scopes.meaning_of(element, frame.environment)
        assert meaning is not None
        self._use(meaning, frame)

    def _use(self, meaning: Meaning, frame: _Frame) -> None:
        """A use of a block, or of a layer that a call hands over."""
        first, written = len(self.layers), meaning.written
        times = self.scopes.repetitions(written.times, frame.environment)
        if meaning.layer is not None:
            for _ in range(times):
                self._handed_layer(meaning.layer, meaning.outer, frame)
            self._mark(label_of(written.label), written.claim, first, frame)
            return
        call = meaning.call
        assert call is not None  # it is of a layer or of a block
        block = self.scopes.block_of(call.written)

        def finder(reference: tree.Reference) -> LayerOutput | None:
            return self._found(reference, frame)

        def incoming() -> Fraction | None:
            return self._incoming(written.span)

        if block is None and call.written.block.text not in self.scopes.broken:
            from netdsl.graph.macros.unknown_blocks import report_unknown_block

            report_unknown_block(call.written, self.scopes.blocks, self.findings)
        outer = self.use
        for _ in range(times):
            # Each time anew: what comes in may differ.
            names = meaning.outer
            bound = self.scopes.bound(block, call, names, finder, incoming) if block else None
            if block is None or bound is None:
                self._unreadable(tree.Unreadable(call.span), frame)
                break
            self.use = self.findings.use = self.scopes.use(call.written, outer)
            self._run(block.elements, _Frame(bound, block.elements, block.written))
            self.use = self.findings.use = outer
        label = label_of(written.label)
        if block is not None:
            if written.tail:
                self._sharing.behind(written, frame.labels, block.written, first)
            if label:
                frame.labels.define_use(label, UseOfBlock(block.written, first, len(self.layers)))
        self._mark(label, written.claim, first, frame)

    def _handed_layer(self, layer: LayerEntry, environment: Environment, frame: _Frame) -> None:
        """One layer that the block was given, or nothing where it was given SKIP."""
        if layer.role is Role.SKIP:
            return
        phrase = layer.head.shares
        if phrase is not None:
            self._sharing.nothing_to_share(phrase, "a layer passed to a block has its own weights")
        inputs, references = self._inputs(), self._references()
        self._emit(ExpandedLayer(layer, environment, inputs, group=frame.group, references=references))

    def _mark(self, label: str, claim: tree.Claim | None, first: int, frame: _Frame) -> None:
        """Give a label and a claim to the layer that a group or a block ends with."""
        if self.current is None:
            return
        if label:
            frame.labels.define(label, self.current, own=self.reference is not None and self.reference.own)
        if self.current >= first:
            last = self.layers[self.current]
            self.layers[self.current] = last._replace(label=last.label or label, claim=last.claim or claim)


_RUN: dict[type[Any], Callable[[Expansion, Any, _Frame], None]] = {
    LayerEntry: Expansion._layer,
    GroupEntry: Expansion._group,
    JoinEntry: Expansion._join,
    CallEntry: Expansion._call,
    tree.Reference: Expansion._reference,
    tree.Unreadable: Expansion._unreadable,
}
