"""What a piece of advice consists of."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from netdsl.diagnostics import Findings
from netdsl.plan.plan import Plan


class Rule(NamedTuple):
    """``name`` is that of the fault; the page of ``code`` has a network with it and the same mended.

    ``check`` is linear in the number of layers and reports once for a network: the first place,
    and how many more there are.
    """

    name: str
    code: str
    check: Callable[[Plan, Findings], None]


def readers(plan: Plan) -> list[list[int]]:
    """For every layer the layers that read its output, by index."""
    found: list[list[int]] = [[] for _ in plan.layers]
    for planned in plan.layers:
        for index in planned.node.inputs:
            found[index].append(planned.node.position)
    return found


def and_more(count: int, noun: str) -> str:
    """``, and 3 more such layers``; empty for a count of 0."""
    return f", and {count} more such {noun}{'s' if count > 1 else ''}" if count else ""
