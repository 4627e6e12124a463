"""Folding: formulas of as many operands as a network says, in groups of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from netdsl.primitives.expression import Expression, operand

Combine = Callable[[Expression, Expression], Expression]
Value = TypeVar("Value")

MOST_SUMMED = 32
"""Operands of one sum, so that no kernel grows with the network."""

MOST_DERIVED = 8
"""The same of a formula whose gradients read all operands: each is a separate kernel to compile."""


def folded(combine: Combine, count: int) -> Expression:
    """``combine`` of the first ``count`` operands, from the first to the last."""
    whole = operand(0)
    for number in range(1, count):
        whole = combine(whole, operand(number))
    return whole


def in_groups(values: Sequence[Value], write: Callable[[tuple[Value, ...]], Value], most: int) -> Value:
    """Fold ``most`` values at a time, each group but the first headed by what came out of the one before.

    They meet in the same order as in one formula of them all, so that a sum has the same bits.
    """
    whole = write(tuple(values[:most]))
    for start in range(most, len(values), most - 1):
        whole = write((whole, *values[start : start + most - 1]))
    return whole
