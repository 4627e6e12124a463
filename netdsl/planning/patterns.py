"""Matches the layers of a plan with ``expect pattern`` lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from netdsl.diagnostics import Findings, Label
from netdsl.graph.layer_patterns import Pattern
from netdsl.planning.plan import Plan, PlannedLayer


class Departure(NamedTuple):
    """Where layers leave a pattern: at ``culprit``, None for the end of the network; what stands ``before``
    it, None at the beginning; and what would fit, in words."""

    culprit: PlannedLayer | None
    before: PlannedLayer | None
    wanted: str

    @property
    def message(self) -> str:
        if self.culprit is None:
            return f"the network ends {self._behind}, but the pattern continues"
        return f"{self.culprit.node.name} does not fit the pattern"

    @property
    def label(self) -> str:
        return f"{self._behind} it expects {self.wanted}"

    @property
    def _behind(self) -> str:
        return f"after {self.before.node.name}" if self.before else "at the beginning"


def check_pattern(plan: Plan, pattern: Pattern, findings: Findings) -> None:
    """Report where the layers in their order leave the pattern."""
    found = departure(plan, pattern)
    if found is None:
        return
    culprit = found.culprit
    secondary = (Label(culprit.node.span, f"{culprit.node.layer.keyword} here"),) if culprit else ()
    findings.add("ND311", found.message, pattern.span, found.label, secondary=secondary)


def departure(plan: Plan, pattern: Pattern) -> Departure | None:
    """Where the layers leave the pattern; None where they keep it.

    The input counts only where the pattern names it.
    """
    source = plan.layers[0].node.layer.keyword
    named = any(source in keywords for keywords in pattern.keywords)
    layers = plan.layers if named else tuple(layer for layer in plan.layers if layer.node.inputs)
    accepting: dict[str, int] = {}
    following: dict[int, int] = {}
    possible, ended = pattern.first, pattern.empty
    for index, layer in enumerate(layers):
        keyword = layer.node.layer.keyword
        if keyword not in accepting:
            accepting[keyword] = _mask(keyword in known for known in pattern.keywords)
        taken = possible & accepting[keyword]
        if not taken:
            wanted = _wanted(possible, ended, pattern)
            return Departure(layer, layers[index - 1] if index else None, wanted)
        if taken not in following:
            following[taken] = 0
            for position in _positions(taken):
                following[taken] |= pattern.follow[position]
        possible, ended = following[taken], bool(taken & pattern.last)
    return (
        None if ended else Departure(None, layers[-1] if layers else None, _wanted(possible, ended, pattern))
    )


def _mask(bits: Iterator[bool]) -> int:
    mask = 0
    for position, bit in enumerate(bits):
        mask |= bit << position
    return mask


def _positions(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _wanted(possible: int, ended: bool, pattern: Pattern) -> str:
    words = dict.fromkeys(pattern.words[position].upper() for position in _positions(possible))
    wanted = [*words, "the end"] if ended else list(words)
    return " or ".join((", ".join(wanted[:-1]), wanted[-1])) if len(wanted) > 1 else "".join(wanted)
