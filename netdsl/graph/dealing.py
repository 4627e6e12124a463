"""Hands out the values of a ``where`` block to the layers of its group."""

from __future__ import annotations

from collections.abc import Callable

from netdsl.diagnostics import Findings, Label
from netdsl.graph.formulas import Environment
from netdsl.graph.heads import Head, read_head, report_unknown_kind
from netdsl.graph.options import read_options
from netdsl.graph.steps import Step
from netdsl.graph.volume_options import Written
from netdsl.layers.layer import Layer
from netdsl.quantities import counted
from netdsl.source import Span
from netdsl.syntax import tree


def deal(
    where: tree.Where,
    steps: list[Step],
    first: int,
    environment: Environment,
    head_of: Callable[[tree.Layer], Head],
    findings: Findings,
) -> None:
    """Give the steps from ``first`` on what the entries say: one entry for each kind of layer."""
    _Dealer(steps, environment, findings).deal(where, first, head_of)


class _Dealer:
    def __init__(self, steps: list[Step], environment: Environment, findings: Findings) -> None:
        self._steps = steps
        self._environment = environment
        self._findings = findings

    def deal(self, where: tree.Where, first: int, head_of: Callable[[tree.Layer], Head]) -> None:
        places: dict[type[Layer], list[int]] = {}
        for place in range(first, len(self._steps)):
            layer = self._steps[place].layer
            kind = head_of(layer).kind if isinstance(layer, tree.Layer) else None
            if kind is not None:
                places.setdefault(kind, []).append(place)
        served: dict[type[Layer], Span] = {}
        for entry in where.entries:
            if not isinstance(entry, tree.Layer):
                continue
            head = read_head(entry)
            named = read_head(entry._replace(items=())).kind  # that of its first words alone
            if head.kind is None or named is None:
                report_unknown_kind(head, self._findings)
            elif named in served:
                self._findings.add(
                    "ND213",
                    f"{head.written} has two entries",
                    head.span,
                    secondary=(Label(served[named], "the first entry"),),
                    help=("write all options of a kind in one entry",),
                )
            elif named not in places:
                self._findings.add(
                    "ND209",
                    f"the group has no {head.written} for this entry",
                    head.span,
                    help=("an entry names a kind of layer that stands in the brackets",),
                )
            else:
                served[named] = head.span
                self._deal(head, head.kind, places[named], refined=head.kind is not named)

    def _deal(self, head: Head, kind: type[Layer], places: list[int], refined: bool) -> None:
        """Hand the values of one entry to the layers at these places, in order."""
        options = read_options(kind, head.rest, self._findings, self._environment, lists=True)
        for name, values in options.items():
            if len(values) not in (1, len(places)):
                self._wrong_number(name, values, [self._steps[place] for place in places])
                values = [values[0]._replace(value=None)]  # given, though not known: nothing is missing
            for turn, place in enumerate(places):
                step = self._steps[place]
                if name not in step.dealt:
                    dealt = {**step.dealt, name: values[turn % len(values)]}
                    self._steps[place] = step._replace(dealt=dealt)
        if refined:
            for place in places:
                self._steps[place] = self._steps[place]._replace(kind=self._steps[place].kind or kind)

    def _wrong_number(self, name: str, values: list[Written], steps: list[Step]) -> None:
        span = values[0].span.to(values[-1].span)
        spans = dict.fromkeys(step.layer.span for step in steps[:8])
        self._findings.add(
            "ND210",
            f"{counted(len(values), 'value')} of `{name}` for {counted(len(steps), 'layer')}",
            span,
            "one value for each, or one for all",
            secondary=tuple(Label(place, "one of them") for place in spans),
        )
