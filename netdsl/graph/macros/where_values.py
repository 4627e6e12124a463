"""Gives the values of a ``where`` block to the layers of its group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from netdsl.diagnostics import Findings, Label
from netdsl.graph.expanded_layers import (
    EntryRole,
    ExpandedLayer,
    GroupEntry,
    LayerEntry,
    LayerHead,
    WhereEntry,
)
from netdsl.graph.expressions.environment import Environment
from netdsl.graph.names.weight_sharing import own_layers_only
from netdsl.graph.options.reader import read_options
from netdsl.graph.options.volumes import Written
from netdsl.layers.layer import Layer
from netdsl.quantities import counted
from netdsl.source import Span


class _Entry(NamedTuple):
    """One entry of a where block: its head, the kind that its first words name alone, and its values."""

    head: LayerHead
    kind: type[Layer]
    named: type[Layer]
    options: dict[str, list[Written]]


class WhereValues:
    """Gives values to the layers of one expansion. What a repeated group says again is read once, and layers
    that are given the same share what they are given."""

    def __init__(self, layers: list[ExpandedLayer], findings: Findings) -> None:
        self._layers = layers
        self._findings = findings
        self._entries: dict[tuple[WhereEntry, Environment], _Entry | None] = {}
        self._given: dict[tuple[int, str, int], tuple[Mapping[str, Written], dict[str, Written]]] = {}
        self._one: dict[int, list[Written]] = {}

    def distribute(self, group: GroupEntry, first: int, environment: Environment) -> None:
        """Give the layers from ``first`` on what the entries say: one entry for each kind of layer."""
        positions: dict[type[Layer], list[int]] = {}
        unread = False
        for position in range(first, len(self._layers)):
            entry = self._layers[position].entry
            kind = entry.head.kind if isinstance(entry, LayerEntry) else None
            if kind is not None:
                positions.setdefault(kind, []).append(position)
            elif self._layers[position].role is not EntryRole.PROJECT:
                unread = True  # an entry may be meant for that layer
        served: dict[type[Layer], Span] = {}
        for written in group.where:
            read = self._read(written, environment)
            if read is None:
                continue
            head, named = read.head, read.named
            if named in served:
                self._findings.add(
                    "ND213",
                    f"{head.written} has two entries",
                    head.span,
                    secondary=(Label(served[named], "the first entry"),),
                    help=("write all options of a kind in one entry",),
                )
            elif named not in positions:
                if unread:
                    continue
                self._findings.add(
                    "ND209",
                    f"the group has no {head.written} for this entry",
                    head.span,
                    help=("an entry names a kind of layer in the brackets",),
                )
            else:
                served[named] = head.span
                self._deal(read, positions[named])

    def _read(self, written: WhereEntry, environment: Environment) -> _Entry | None:
        """An entry with its values; None, with a finding, where its kind is unknown."""
        key = (written, environment)
        if key not in self._entries:
            head = own_layers_only(written.head, self._findings)
            entry = None
            if head.kind is None or written.named is None:
                from netdsl.graph.names.unknown_kinds import report_unknown_kind

                report_unknown_kind(head, self._findings)
            else:
                options = read_options(head.kind, head.options, self._findings, environment, lists=True)
                entry = _Entry(head, head.kind, written.named, options)
            self._entries[key] = entry
        return self._entries[key]

    def _deal(self, entry: _Entry, positions: list[int]) -> None:
        """Hand the values of one entry to the layers at these positions, in order."""
        options = []
        for name, values in entry.options.items():
            if len(values) not in (1, len(positions)):
                self._wrong_number(name, values, [self._layers[position] for position in positions])
                values = self._unknown(values)
            options.append((name, values))
        for turn, position in enumerate(positions):
            expanded = self._layers[position]
            given = expanded.where_values
            for name, values in options:
                if name not in given:
                    given = self._with(given, name, values[turn % len(values)])
            kind = entry.kind if entry.kind is not entry.named else None
            if given is not expanded.where_values or kind is not None:
                self._layers[position] = expanded._replace(where_values=given, kind=expanded.kind or kind)

    def _unknown(self, values: list[Written]) -> list[Written]:
        """Given, though not known: nothing is missing then."""
        return self._one.setdefault(id(values), [values[0]._replace(value=None)])

    def _with(self, given: Mapping[str, Written], name: str, value: Written) -> Mapping[str, Written]:
        key = (id(given), name, id(value))
        if key not in self._given:
            self._given[key] = given, {**given, name: value}
        return self._given[key][1]

    def _wrong_number(self, name: str, values: list[Written], layers: list[ExpandedLayer]) -> None:
        span = values[0].span.to(values[-1].span)
        spans = dict.fromkeys(expanded.entry.span for expanded in layers[:8])
        self._findings.add(
            "ND210",
            f"{counted(len(values), 'value')} of `{name}` for {counted(len(layers), 'layer')}",
            span,
            "one value for each, or one for all",
            secondary=tuple(Label(span, "one of them") for span in spans),
        )
