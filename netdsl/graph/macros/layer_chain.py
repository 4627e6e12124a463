"""Layers of an expansion one by one: what comes into each, and which names hold around it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from netdsl.diagnostics import Findings
from netdsl.graph.expanded_layers import (
    Element,
    EntryRole,
    ExpandedLayer,
    GroupEntry,
    LayerEntry,
    Phrase,
)
from netdsl.graph.expressions.environment import Environment, LayerOutput
from netdsl.graph.macros.block_arguments import is_number
from netdsl.graph.macros.scopes import Scopes
from netdsl.graph.names.labels import Labels
from netdsl.graph.names.unique_names import label_of
from netdsl.graph.names.weight_sharing import Sharing
from netdsl.quantities import Volume
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.uses import Use


class Frame:
    """One run through the text of a file or a block: its names and labels."""

    def __init__(self, environment: Environment, elements: list[Element], block: tree.Block | None) -> None:
        self.environment = environment
        self.block = block
        self.labels = Labels(elements, block)
        self.branches = 0
        self.group: GroupEntry | None = None


class LayerChain:
    """The layers of an expansion so far, and which of them the next one continues."""

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

    def _emit(self, expanded: ExpandedLayer) -> None:
        self.current, self.reference = len(self.layers), None
        self.layers.append(expanded if expanded.use is self.use else expanded._replace(use=self.use))

    def _inputs(self) -> tuple[int, ...]:
        return () if self.current is None else (self.current,)

    def _references(self) -> tuple[tuple[int, LayerOutput], ...]:
        return () if self.reference is None else ((0, self.reference),)

    def _own_layer(self, entry: LayerEntry, frame: Frame) -> None:
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

    def _passed(self, phrase: Phrase, frame: Frame) -> LayerOutput | None:
        """The layer whose volume the block was handed under the name in a phrase."""
        known = frame.environment.values.get(phrase.label.text) if phrase.label else None
        return known if isinstance(known, LayerOutput) else None

    def _around(self, layer: LayerEntry, frame: Frame) -> Environment | None:
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

    def _unreadable(self, element: tree.Unreadable, frame: Frame, label: str = "") -> None:
        inputs, references = self._inputs(), self._references()
        expanded = ExpandedLayer(
            element, frame.environment, inputs, label, group=frame.group, references=references
        )
        self._emit(expanded)
        if label:
            frame.labels.define(label, len(self.layers) - 1, own=True)

    def _stand_in(self, entry: LayerEntry, frame: Frame) -> None:
        """SKIP, or a PROJECT that is not alone in its branch."""
        layer = entry.written
        if entry.role is EntryRole.PROJECT:
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

    def _handed_layer(self, layer: LayerEntry, environment: Environment, frame: Frame) -> None:
        """One layer that the block was given, or nothing where it was given SKIP."""
        if layer.role is EntryRole.SKIP:
            return
        phrase = layer.head.shares
        if phrase is not None:
            self._sharing.nothing_to_share(phrase, "a layer passed to a block has its own weights")
        inputs, references = self._inputs(), self._references()
        self._emit(ExpandedLayer(layer, environment, inputs, group=frame.group, references=references))

    def _mark(self, label: str, claim: tree.Claim | None, first: int, frame: Frame) -> None:
        """Give a label and a claim to the layer that a group or a block ends with."""
        if self.current is None:
            return
        if label:
            frame.labels.define(label, self.current, own=self.reference is not None and self.reference.own)
        if self.current >= first:
            last = self.layers[self.current]
            self.layers[self.current] = last._replace(label=last.label or label, claim=last.claim or claim)

    def _has_input(self) -> bool:
        """Whether an input is among the layers so far; without any, that is what is missed."""
        entries = (expanded.entry for expanded in self.layers)
        return any(isinstance(entry, LayerEntry) and entry.head.is_input for entry in entries)
