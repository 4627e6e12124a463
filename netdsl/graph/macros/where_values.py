"""Gives the values of a ``where`` block to the layers of its group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from netdsl.diagnostics import Findings, Label
from netdsl.graph.expanded_layers import ExpandedLayer, Role
from netdsl.graph.expressions.evaluate import Environment
from netdsl.graph.names.kinds_and_labels import LayerHead, read_head
from netdsl.graph.names.weight_sharing import own_layers_only
from netdsl.graph.options.reader import read_options
from netdsl.graph.options.volumes import Written
from netdsl.layers.layer import Layer
from netdsl.quantities import counted
from netdsl.source import Span
from netdsl.syntax import tree


class _Entry(NamedTuple):
    """One entry of a where block: its head, the kind that its first words name alone, and its values."""

    head: LayerHead
    kind: type[Layer]
    named: type[Layer]
    options: dict[str, list[Written]]


class WhereValues:
    """Gives values to the steps of one expansion. What a repeated group says again is read once, and steps
    that are given the same share what they are given."""

    def __init__(
        self, steps: list[ExpandedLayer], head_of: Callable[[tree.Layer], LayerHead], findings: Findings
    ) -> None:
        self._steps = steps
        self._head_of = head_of
        self._findings = findings
        self._entries: dict[tuple[int, int], _Entry | None] = {}
        self._given: dict[tuple[int, str, int], tuple[Mapping[str, Written], dict[str, Written]]] = {}
        self._one: dict[int, list[Written]] = {}

    def distribute(self, where: tree.Where, first: int, environment: Environment) -> None:
        """Give the steps from ``first`` on what the entries say: one entry for each kind of layer."""
        places: dict[type[Layer], list[int]] = {}
        unread = False
        for place in range(first, len(self._steps)):
            layer = self._steps[place].layer
            kind = self._head_of(layer).kind if isinstance(layer, tree.Layer) else None
            if kind is not None:
                places.setdefault(kind, []).append(place)
            elif self._steps[place].role is not Role.PROJECT:
                unread = True  # an entry may be meant for that layer
        served: dict[type[Layer], Span] = {}
        for written in where.entries:
            entry = self._read(written, environment) if isinstance(written, tree.Layer) else None
            if entry is None:
                continue
            head, named = entry.head, entry.named
            if named in served:
                self._findings.add(
                    "ND213",
                    f"{head.written} has two entries",
                    head.span,
                    secondary=(Label(served[named], "the first entry"),),
                    help=("write all options of a kind in one entry",),
                )
            elif named not in places:
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
                self._deal(entry, places[named])

    def _read(self, written: tree.Layer, environment: Environment) -> _Entry | None:
        """An entry with its values; None, with a finding, where its kind is unknown."""
        key = (id(written), id(environment))
        if key not in self._entries:
            head = own_layers_only(read_head(written), self._findings)
            named = read_head(written._replace(items=())).kind
            entry = None
            if head.kind is None or named is None:
                from netdsl.graph.names.unknown_kinds import report_unknown_kind

                report_unknown_kind(head, self._findings)
            else:
                options = read_options(head.kind, head.options, self._findings, environment, lists=True)
                entry = _Entry(head, head.kind, named, options)
            self._entries[key] = entry
        return self._entries[key]

    def _deal(self, entry: _Entry, places: list[int]) -> None:
        """Hand the values of one entry to the layers at these places, in order."""
        options = []
        for name, values in entry.options.items():
            if len(values) not in (1, len(places)):
                self._wrong_number(name, values, [self._steps[place] for place in places])
                values = self._unknown(values)
            options.append((name, values))
        for turn, place in enumerate(places):
            step = self._steps[place]
            given = step.where_values
            for name, values in options:
                if name not in given:
                    given = self._with(given, name, values[turn % len(values)])
            kind = entry.kind if entry.kind is not entry.named else None
            if given is not step.where_values or kind is not None:
                self._steps[place] = step._replace(where_values=given, kind=step.kind or kind)

    def _unknown(self, values: list[Written]) -> list[Written]:
        """Given, though not known: nothing is missing then."""
        return self._one.setdefault(id(values), [values[0]._replace(value=None)])

    def _with(self, given: Mapping[str, Written], name: str, value: Written) -> Mapping[str, Written]:
        key = (id(given), name, id(value))
        if key not in self._given:
            self._given[key] = given, {**given, name: value}
        return self._given[key][1]

    def _wrong_number(self, name: str, values: list[Written], steps: list[ExpandedLayer]) -> None:
        span = values[0].span.to(values[-1].span)
        spans = dict.fromkeys(step.layer.span for step in steps[:8])
        self._findings.add(
            "ND210",
            f"{counted(len(values), 'value')} of `{name}` for {counted(len(steps), 'layer')}",
            span,
            "one value for each, or one for all",
            secondary=tuple(Label(place, "one of them") for place in spans),
        )
