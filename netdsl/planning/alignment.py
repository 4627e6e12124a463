"""Which items of two lists are the same ones: the shortest edit from one list to the other."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

MOST_EDITS = 1_000
"""Items that differ, of both lists together. Lists further apart are not compared item by item, as the
work grows with the square of this number."""

Pairs = list[tuple[int, int]]


def aligned(before: Sequence[Hashable], after: Sequence[Hashable]) -> Pairs:
    """Positions of equal items, in order, as many as possible (Myers, 1986, "An O(ND) Difference Algorithm
    and Its Variations"): those that the two lists have in common at their ends, and the rest between.

    Where more than MOST_EDITS items differ, the ends alone.
    """
    shorter = min(len(before), len(after))
    head = 0
    while head < shorter and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < shorter - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    middle = _shortest_edit(before[head : len(before) - tail], after[head : len(after) - tail])
    pairs = [(position, position) for position in range(head)]
    pairs += [(head + one, head + other) for one, other in middle]
    pairs += [(len(before) - left, len(after) - left) for left in range(tail, 0, -1)]
    return pairs


def _shortest_edit(before: Sequence[Hashable], after: Sequence[Hashable]) -> Pairs:
    """``furthest[k]`` is how far in ``before`` a path of so many edits comes on diagonal k, where k is the
    position in ``before`` less that in ``after``."""
    furthest = {1: 0}
    trail: list[dict[int, int]] = []
    for edits in range(min(len(before) + len(after), MOST_EDITS) + 1):
        trail.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (
                diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]
            )
            one = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            other = one - diagonal
            while one < len(before) and other < len(after) and before[one] == after[other]:
                one, other = one + 1, other + 1
            furthest[diagonal] = one
            if one >= len(before) and other >= len(after):
                return _walked_back(trail, len(before), len(after))
    return []


def _walked_back(trail: list[dict[int, int]], one: int, other: int) -> Pairs:
    pairs: Pairs = []
    for edits in range(len(trail) - 1, -1, -1):
        furthest, diagonal = trail[edits], one - other
        down = diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])
        previous = diagonal + 1 if down else diagonal - 1
        start = furthest[previous]
        while one > start + (not down) and other > start - previous + down and one and other:
            one, other = one - 1, other - 1
            pairs.append((one, other))
        one, other = start, start - previous
    return pairs[::-1]
