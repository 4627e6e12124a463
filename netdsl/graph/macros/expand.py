"""Expands a file to its layers: repetition, branches, blocks and references.

What comes out is a list of layers with their inputs: a graph, before anything is known of their options.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from netdsl.graph.expanded_layers import (
    BranchEntry,
    CallEntry,
    Element,
    EntryRole,
    ExpandedLayer,
    GroupEntry,
    JoinEntry,
    LayerEntry,
    report_nothing,
)
from netdsl.graph.expressions.environment import LayerOutput
from netdsl.graph.macros.block_arguments import Meaning
from netdsl.graph.macros.layer_chain import Frame, LayerChain
from netdsl.graph.macros.limits import is_bounded
from netdsl.graph.names.labels import UseOfBlock, find_label
from netdsl.graph.names.unique_names import label_of
from netdsl.syntax import tree

if TYPE_CHECKING:
    from netdsl.graph.macros.where_values import WhereValues


class Expansion(LayerChain):
    """Expands the statements of one file."""

    @cached_property
    def _where_values(self) -> WhereValues:
        from netdsl.graph.macros.where_values import WhereValues  # not every network has a where block

        return WhereValues(self.layers, self.findings)

    def expand(self, elements: list[Element]) -> list[ExpandedLayer]:
        """All layers in order; empty, with a finding, where there are too many."""
        if is_bounded(elements, self.scopes, self.findings):
            self._run(elements, Frame(self.scopes.environment, elements, None))
        return self.layers

    def _run(self, elements: list[Element], frame: Frame) -> None:
        """The depth of this recursion is that of brackets and blocks, which is limited."""
        for element in elements:
            _RUN[type(element)](self, element, frame)

    def _layer(self, entry: LayerEntry, frame: Frame) -> None:
        if frame.environment.hands_over:
            meaning = self.scopes.meaning_of(entry, frame.environment)
            if meaning is not None:
                self._use(meaning, frame)
                return
        if entry.role is EntryRole.LAYER:
            self._own_layer(entry, frame)
        elif entry.role is EntryRole.BLOCK:
            self._call(entry, frame)
        else:
            self._stand_in(entry, frame)

    def _group(self, entry: GroupEntry, frame: Frame) -> None:
        group, outermost = entry.written, frame.group is None
        if outermost:
            frame.group = entry
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

    def _join(self, join: JoinEntry, frame: Frame) -> None:
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

    def _join_once(self, join: JoinEntry, frame: Frame) -> None:
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
                    role=EntryRole.PROJECT,
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
                role=EntryRole.JOIN,
                whole=join.span,
                references=tuple((slot, named) for slot, (_, named) in enumerate(known) if named),
                use=self.use,
            )
        )
        if label:
            frame.labels.define(label, len(self.layers) - 1, own=True)

    def _projection(self, branch: BranchEntry) -> LayerEntry | None:
        if len(branch.elements) == 1:
            (element,) = branch.elements
            if isinstance(element, LayerEntry) and element.role is EntryRole.PROJECT:
                return element
        return None

    def _reference(self, reference: tree.Reference, frame: Frame) -> None:
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

    def _found(self, reference: tree.Reference, frame: Frame) -> LayerOutput | None:
        passed = frame.environment.values.get(reference.name)
        if isinstance(passed, LayerOutput):
            return passed
        return find_label(reference, frame.labels, self.findings)

    def _call(self, element: LayerEntry | CallEntry, frame: Frame) -> None:
        meaning = self.scopes.meaning_of(element, frame.environment)
        assert meaning is not None
        self._use(meaning, frame)

    def _use(self, meaning: Meaning, frame: Frame) -> None:
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
            self._run(block.elements, Frame(bound, block.elements, block.written))
            self.use = self.findings.use = outer
        label = label_of(written.label)
        if block is not None:
            if written.tail:
                self._sharing.behind(written, frame.labels, block.written, first)
            if label:
                frame.labels.define_use(label, UseOfBlock(block.written, first, len(self.layers)))
        self._mark(label, written.claim, first, frame)


_RUN: dict[type[Any], Callable[[Expansion, Any, Frame], None]] = {
    LayerEntry: Expansion._layer,
    GroupEntry: Expansion._group,
    JoinEntry: Expansion._join,
    CallEntry: Expansion._call,
    tree.Reference: Expansion._reference,
    tree.Unreadable: Expansion._unreadable,
}
