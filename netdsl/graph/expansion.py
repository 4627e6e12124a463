"""Expands groups: repetition, and the values that ``where`` blocks deal out.

Layers are counted before anything is expanded, so a file of a few characters cannot ask for more
memory than LAYER_LIMIT layers take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from netdsl.diagnostics import Findings, Label
from netdsl.graph.heads import Head, read_head, report_unknown_kind
from netdsl.graph.options import Written, read_options
from netdsl.graph.values import extents
from netdsl.layers.layer import Layer
from netdsl.source import Span
from netdsl.syntax import tree

LAYER_LIMIT = 100_000
"""Layers of a network after expansion."""


class Step(NamedTuple):
    """One layer of the expanded network: what is written, and what a where block adds.

    ``kind`` is what a where entry makes of the kind (``POOL: avg 2x2``), else None; ``group`` is
    the outermost group around the layer.
    """

    layer: tree.Layer | tree.Unreadable
    dealt: dict[str, Written]
    kind: type[Layer] | None = None
    group: tree.Group | None = None


def repetitions(group: tree.Group) -> int | None:
    """How often a group stands; None where what is written is no whole number of 1 or more."""
    if group.times is None:
        return 1
    parts = extents(group.times)
    return parts[0] if parts and len(parts) == 1 and parts[0] >= 1 else None


class Expansion:
    """Expands the statements of one file."""

    def __init__(self, head_of: Callable[[tree.Layer], Head], findings: Findings) -> None:
        self._head_of = head_of
        self._findings = findings

    def expand(self, elements: tuple[tree.Element, ...]) -> list[Step]:
        """All layers in order; empty, with a finding, where there are too many."""
        total = 0
        for element in elements:
            total += self._count(element)
            if total > LAYER_LIMIT:
                self._too_many(element, total)
                return []
        return [step for element in elements for step in self._expand(element, None)]

    def _count(self, element: tree.Element) -> int:
        if not isinstance(element, tree.Group):
            return 1
        times = repetitions(element)
        if times is None:
            assert element.times is not None
            self._findings.add(
                "ND206",
                "a group is repeated a whole number of times, 1 or more",
                element.times.span,
                f"not {element.times.text[:40]}",
                help=("leave the group out if it is not wanted",),
            )
        return (times or 1) * sum(self._count(inner) for inner in element.elements)

    def _too_many(self, element: tree.Element, total: int) -> None:
        self._findings.add(
            "ND211",
            f"the network has more than {LAYER_LIMIT:,} layers",
            element.span,
            f"{total:,} layers up to here" if total < 10**15 else "more than 10^15 layers up to here",
            help=("repeat less: the counts of nested groups multiply",),
        )

    def _expand(self, element: tree.Element, outermost: tree.Group | None) -> list[Step]:
        """The depth of this recursion is that of the brackets, which the parser limits to 64."""
        if not isinstance(element, tree.Group):
            return [Step(element, {}, group=outermost)]
        outermost = outermost or element
        once = [step for inner in element.elements for step in self._expand(inner, outermost)]
        steps = once * (repetitions(element) or 1)
        if element.where is not None:
            self._deal_all(element.where, steps)
        return steps

    def _deal_all(self, where: tree.Where, steps: list[Step]) -> None:
        """Hand out the values of a where block: one entry for each kind of layer."""
        places: dict[type[Layer], list[int]] = {}
        for place, step in enumerate(steps):
            kind = self._kind(step)
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
                self._deal(head, head.kind, steps, places[named], refined=head.kind is not named)

    def _kind(self, step: Step) -> type[Layer] | None:
        return self._head_of(step.layer).kind if isinstance(step.layer, tree.Layer) else None

    def _deal(
        self, head: Head, kind: type[Layer], steps: list[Step], places: list[int], refined: bool
    ) -> None:
        """Hand the values of one entry to the layers at these places, in order."""
        for name, values in read_options(kind, head.rest, self._findings, lists=True).items():
            if len(values) not in (1, len(places)):
                self._wrong_number(name, values, [steps[place] for place in places])
                values = [values[0]._replace(value=None)]  # given, though not known: nothing is missing
            for turn, place in enumerate(places):
                step = steps[place]
                if name not in step.dealt:
                    steps[place] = step._replace(dealt={**step.dealt, name: values[turn % len(values)]})
        if refined:
            for place in places:
                steps[place] = steps[place]._replace(kind=steps[place].kind or kind)

    def _wrong_number(self, name: str, values: list[Written], steps: list[Step]) -> None:
        span = values[0].span.to(values[-1].span)
        spans = dict.fromkeys(step.layer.span for step in steps[:8])
        self._findings.add(
            "ND210",
            f"{len(values)} values of `{name}` for {len(steps)} layers",
            span,
            "one value for each, or one for all",
            secondary=tuple(Label(place, "one of them") for place in spans),
        )
