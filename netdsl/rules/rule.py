"""What a piece of advice consists of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from netdsl.diagnostics import Findings
from netdsl.planning.answers import answer_of
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.source import Span


class Rule(NamedTuple):
    """``name`` is that of the fault; the page of ``code`` has a network with it and the same fixed.

    ``check`` is linear in the number of layers and reports once for a place in the text, all with one cause:
    what people read shows the first and where the others are, and each can be silenced by itself.
    """

    name: str
    code: str
    check: Callable[[Plan, Findings], None]


Noticed = TypeVar("Noticed")


def noticed(plan: Plan, look: Callable[[PlannedLayer], Noticed]) -> list[tuple[PlannedLayer, Noticed]]:
    """The layers of which ``look`` has something to say, with what it says; it looks at layer and volumes."""
    found = []
    for alike in plan.alike:
        seen = remembered(alike[0], look)
        if seen:
            found += [(planned, seen) for planned in alike]
    return sorted(found, key=lambda one: one[0].node.position)


def remembered(planned: PlannedLayer, look: Callable[[PlannedLayer], Noticed]) -> Noticed:
    """What ``look`` says, which looks at the layer and its volumes alone; asked once in a process."""
    kept = answer_of(planned.node.layer, planned.inputs).noticed
    if look not in kept:
        kept[look] = look(planned)
    seen: Noticed = kept[look]
    return seen


_REACH = 3
"""How many layers after one its activation may be: a normalisation and a dropout may come first."""


def within_reach(position: int, links: list[list[int]]) -> list[int]:
    """The layers that a few links, such as those of ``Plan.readers``, lead to, by index."""
    found: dict[int, None] = {}
    reached = {position}
    for _ in range(_REACH):
        reached = {other for one in reached for other in links[one]}
        found |= dict.fromkeys(sorted(reached))
    return [*found]


def by_span(found: Iterable[Noticed], span_of: Callable[[Noticed], Span]) -> list[list[Noticed]]:
    """What was noticed, together where it is one place of the text: a group that is repeated."""
    groups: dict[Span, list[Noticed]] = {}
    for one in found:
        groups.setdefault(span_of(one), []).append(one)
    return list(groups.values())


def and_more(count: int, noun: str) -> str:
    """``, and 3 more such layers``; empty for a count of 0."""
    return f", and {count} more such {noun}{'s' if count > 1 else ''}" if count else ""
