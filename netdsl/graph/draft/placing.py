"""Puts expanded layers in their order: each with its name and options, or a gap where something is wrong."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, NamedTuple, TypeAlias

from netdsl.diagnostics import Findings
from netdsl.graph.draft.entries import Counted, Entry, Gap, Open, Projection, third_extent
from netdsl.graph.draft.layer_options import LayerOptions
from netdsl.graph.draft.layer_pool import LayerPool
from netdsl.graph.draft.missing_options import Missing
from netdsl.graph.draft.shared_weights import alike, model_key, shares_of
from netdsl.graph.expanded_layers import EntryRole, ExpandedLayer, LayerEntry, kind_of
from netdsl.graph.expressions.environment import Environment
from netdsl.graph.names.labels import report_joined_labels
from netdsl.graph.names.unique_names import Names
from netdsl.graph.network import Claim, Node, Shares
from netdsl.graph.options.reader import read_options
from netdsl.graph.options.volumes import Written
from netdsl.graph.statements.claims import Claims
from netdsl.graph.statements.defaults import Defaults
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.quantities import Size
from netdsl.source import Span
from netdsl.syntax import tree

_Complete: TypeAlias = tuple[Layer, dict[str, Span], Span]
"""A layer with all its options, their places and its own."""

_SOLVABLE = (OptionType.COUNT, OptionType.SIZE, OptionType.PADDING)
"""The types of options that a claimed volume may decide."""


class _Slot(NamedTuple):
    """Where a layer goes: what all entries have, whatever is known of their options."""

    position: int
    name: str
    inputs: tuple[int, ...]
    claim: Claim | None
    shares: Shares | None = None

    def gap(self, span: Span) -> Gap:
        return Gap(self.position, self.name, self.inputs, span, self.claim)


class Placing:
    """The entries of one network. What repeated layers share is worked out once."""

    def __init__(
        self,
        options: LayerOptions,
        pool: LayerPool,
        claims: Claims,
        defaults: Defaults,
        names: Names,
        bare_blocks: tuple[str, ...],
        numbers: Container[str],
        findings: Findings,
    ) -> None:
        """``bare_blocks`` are used like kinds; ``numbers`` are the names of the file's numbers."""
        self.entries: list[Entry] = []
        self._options = options
        self._pool = pool
        self._claims = claims
        self._unclear_kinds = defaults.unclear
        self._names = names
        self._bare_blocks = bare_blocks
        self._numbers = numbers
        self._findings = findings
        self._missing = Missing(findings)
        self._known: dict[Any, _Complete] = {}
        self._complete: dict[Any, _Complete] = {}
        self._unplaced: dict[Any, Span] = {}
        self._strides: dict[tuple[LayerEntry, Environment], Size | None] = {}

    def entries_of(self, layers: list[ExpandedLayer]) -> list[Entry]:
        """An entry for each layer; what they lack is reported together."""
        for expanded in layers:
            self._findings.use = expanded.use
            entry = self._entry(expanded)
            self.entries.append(entry if entry.use is expanded.use else entry._replace(use=expanded.use))
        self._missing.report()
        self._findings.use = None
        return self.entries

    def _entry(self, expanded: ExpandedLayer) -> Entry:
        known = self._known.get(expanded.key) if expanded.shares is None else None
        if known is not None:
            return self._repeated(expanded, known)
        entry = expanded.entry
        if isinstance(entry, tree.Unreadable):
            return self._slot(expanded, "LAYER").gap(entry.span)
        if expanded.role is EntryRole.PROJECT:
            return self._projection(expanded, entry)
        kind = kind_of(expanded)
        if kind is None:
            self._report_unknown(expanded, entry)
            return self._slot(expanded, "LAYER").gap(entry.span)
        slot = self._slot(expanded, kind.keyword, begins=kind.inputs == 0)
        return self._known_kind(expanded, entry, kind, slot)

    def _slot(self, expanded: ExpandedLayer, keyword: str, *, begins: bool = False) -> _Slot:
        name = self._name(expanded, keyword, begins=begins)
        inputs = () if begins else expanded.inputs
        return _Slot(len(self.entries), name, inputs, self._claims.of(expanded))

    def _name(self, expanded: ExpandedLayer, keyword: str, *, begins: bool) -> str:
        if expanded.label:
            return self._names.labelled(expanded.label)
        return self._names.of_kind(keyword, single=begins)

    def _repeated(self, expanded: ExpandedLayer, known: _Complete) -> Node:
        layer, spans, span = known
        begins = layer.inputs == 0
        name = self._name(expanded, layer.keyword, begins=begins)
        claim = self._claims.of(expanded) if expanded.claim is not None else None
        inputs = () if begins else expanded.inputs
        return Node(len(self.entries), name, layer, inputs, span, spans, claim, False, expanded.use)

    def _report_unknown(self, expanded: ExpandedLayer, entry: LayerEntry) -> None:
        if entry in self._unplaced:
            self._findings.shows_again(entry.span)
            return
        self._unplaced[entry] = entry.span
        from netdsl.graph.names.unknown_kinds import report_unknown_kind

        report_unknown_kind(
            entry.head,
            self._findings,
            layer=entry.written,
            alone=expanded.group is None,
            list_all=True,
            blocks=self._bare_blocks,
            numbers=self._numbers,
        )

    def _known_kind(
        self, expanded: ExpandedLayer, entry: LayerEntry, kind: type[Layer], slot: _Slot
    ) -> Entry:
        """The layer that its text stands for; a gap where something is wrong with it."""
        owner = self.entries[expanded.shares.position] if expanded.shares is not None else None
        if isinstance(owner, Gap) or (
            owner is not None and not alike(expanded, kind, slot.name, owner, self._findings)
        ):
            return slot.gap(layer_span(entry.written))
        slot = slot._replace(shares=shares_of(expanded, owner))
        model = owner if slot.shares is not None and not slot.shares.whole else None
        key = (entry, kind, expanded.environment, id(expanded.where_values), model_key(model))
        if key in self._complete:
            layer, _, span = self._complete[key]
            if self._pool.has_table(layer) and self._pool.too_many_connections(layer, span):
                return slot.gap(span)
            return self._node(slot, expanded, self._complete[key])
        if key in self._unplaced:  # what is wrong with it is said
            self._findings.shows_again(self._unplaced[key])
            return slot.gap(self._unplaced[key])
        span = expanded.whole or layer_span(entry.written)
        if entry.hidden:
            return slot.gap(span)
        branches = kind.inputs is None and expanded.role is not EntryRole.JOIN
        if branches and report_joined_labels(kind.keyword, entry.head.span, self._findings):
            self._unplaced[key] = span
            return slot.gap(span)
        options = self._options.of(expanded, entry, kind, model)
        unclear = self._options.is_unclear(expanded, entry, kind) or kind in self._unclear_kinds
        if not self._takes(kind, entry, expanded) or unclear:
            self._unplaced[key] = span
            return slot.gap(span)  # what is wrong is said; what is missing may only be misspelt
        return self._with_options(expanded, kind, options, span, slot, key)

    def _with_options(
        self,
        expanded: ExpandedLayer,
        kind: type[Layer],
        options: dict[str, Written],
        span: Span,
        slot: _Slot,
        key: tuple[Any, ...],
    ) -> Entry:
        """The layer with its options, or what may become of it where one is lacking."""
        values = {name: written.value for name, written in options.items()}
        spans = {name: written.span for name, written in options.items()}
        lacking = kind.lacking(values)
        solvable = slot.claim is not None and all(option.type in _SOLVABLE for option in lacking)
        third = third_extent(kind, values, lacking)
        if third:
            return _counted(kind, values, lacking, third, span, spans, slot)
        if lacking and not solvable:
            self._missing.add(expanded, kind, slot.name, lacking)
        if None in values.values() or (lacking and not solvable):
            if not lacking:
                self._unplaced[key] = span
            return slot.gap(span)
        if lacking and slot.claim is not None:
            return _open(kind, values, lacking, span, spans, slot, slot.claim)
        complete = self._pool.layer(kind, values), spans, span
        self._complete[key] = complete
        if expanded.shares is None and not self._pool.has_table(complete[0]):
            self._known[expanded.key] = complete
        return self._node(slot, expanded, complete)

    def _node(self, slot: _Slot, expanded: ExpandedLayer, complete: _Complete) -> Node:
        position, name, inputs, claim, shares = slot
        layer, spans, span = complete
        return Node(position, name, layer, inputs, span, spans, claim, use=expanded.use, shares=shares)

    def _takes(self, kind: type[Layer], entry: LayerEntry, expanded: ExpandedLayer) -> bool:
        """Whether the kind takes as many volumes as the layer has."""
        joins = kind.inputs is None
        if joins == (expanded.role is EntryRole.JOIN) and (not joins or len(expanded.inputs) > 1):
            return True
        if joins:
            message, cure = f"{kind.keyword} joins two or more branches", f"{kind.keyword}[ RELU | SKIP ]"
        else:
            message, cure = (
                f"{kind.keyword} takes one volume and no branches",
                "ADD[ CONV 64 3x3 pad 1 | SKIP ]",
            )
        cures = [f"write `{cure}`"]
        if not joins and len(expanded.inputs) == 1:
            cures.insert(0, "if a group follows, chain it with ` - ` or begin a new line")
        self._findings.add("ND220", message, entry.head.span, help=tuple(cures))
        return False

    def _projection(self, expanded: ExpandedLayer, entry: LayerEntry) -> Entry:
        """PROJECT with its stride; which layers it becomes depends on volumes."""
        key = (entry, expanded.environment)
        if key not in self._strides:
            from netdsl.layers.project import Project  # few networks have one

            written = entry.written
            words = written.items if written.labelled else (*written.words, *written.items)
            options = tuple(sorted(words[1:], key=lambda item: item.span.start))  # a size may stand first
            read = read_options(Project, options, self._findings, expanded.environment)
            self._strides[key] = read["stride"][0].value if "stride" in read else Size(1, 1)
        stride = self._strides[key]
        position = len(self.entries)
        if stride is None:
            return Gap(position, "PROJECT", expanded.inputs, entry.span, None)
        shares = expanded.shares.position if expanded.shares is not None else None
        span = layer_span(entry.written)
        return Projection(position, expanded.inputs, stride, span, expanded=position, shares=shares)


def _open(
    kind: type[Layer],
    values: dict[str, Any],
    lacking: list[Option[Any]],
    span: Span,
    spans: dict[str, Span],
    slot: _Slot,
    claim: Claim,
) -> Open:
    names = tuple(option.name for option in lacking)
    position, name, inputs, _, shares = slot
    return Open(position, name, kind, values, names, inputs, span, spans, claim, shares=shares)


def _counted(
    kind: type[Layer],
    values: dict[str, Any],
    lacking: list[Option[Any]],
    third: str,
    span: Span,
    spans: dict[str, Span],
    slot: _Slot,
) -> Counted:
    """A layer whose size has a third extent, which may be the count that it lacks."""
    position, name, inputs, claim, shares = slot
    other: Open | Gap = slot.gap(span)
    if claim is not None:
        other = _open(kind, values, lacking, span, spans, slot, claim)
    lacks = lacking[0].name
    return Counted(
        position, name, kind, values, lacks, third, inputs, span, spans, claim, other, shares=shares
    )


def layer_span(written: tree.Layer) -> Span:
    """The layer without its claim, which has a place of its own, and without a remark behind it."""
    parts = [part.span for part in (*written.words, *written.items, *written.notes)]
    return Span(min(parts).start, max(part.end for part in parts))
