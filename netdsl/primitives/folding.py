"""Folding: formulas of as many operands as a network says, in groups of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from netdsl.primitives.expression import Expression, operand

Combine = Callable[[Expression, Expression], Expression]
Value = TypeVar("Value")

MOST_OPERANDS = 32
"""Of one formula, so that no kernel grows with the network."""


def folded(combine: Combine, count: int) -> Expression:
    """``combine`` of the first ``count`` operands, from the first to the last."""
    whole = operand(0)
    for number in range(1, count):
        whole = combine(whole, operand(number))
    return whole


def in_groups(values: Sequence[Value], write: Callable[[tuple[Value, ...]], Value]) -> Value:
    """Fold two or more values group by group, each headed by what came out of the one before.

    They meet in the same order as in one formula of them all, so that a sum has the same bits.
    """
    whole = write(tuple(values[:MOST_OPERANDS]))
    for start in range(MOST_OPERANDS, len(values), MOST_OPERANDS - 1):
        whole = write((whole, *values[start : start + MOST_OPERANDS - 1]))
    return whole
