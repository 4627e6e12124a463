"""Matches the layers of a plan with ``expect pattern`` lines."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.diagnostics import Findings, Label
from netdsl.graph.patterns import Pattern
from netdsl.plan.plan import Plan, PlannedLayer


def check_pattern(plan: Plan, pattern: Pattern, findings: Findings) -> None:
    """Report where the layers in their order leave the pattern.

    The input counts only where the pattern names it.
    """
    source = plan.layers[0].node.layer.keyword
    named = any(source in keywords for keywords in pattern.keywords)
    layers = plan.layers if named else tuple(layer for layer in plan.layers if layer.node.inputs)
    accepting: dict[str, int] = {}
    following: dict[int, int] = {}
    possible, ended = pattern.first, pattern.empty
    for place, layer in enumerate(layers):
        keyword = layer.node.layer.keyword
        if keyword not in accepting:
            accepting[keyword] = _mask(keyword in known for known in pattern.keywords)
        taken = possible & accepting[keyword]
        if not taken:
            _report(layer, layers[place - 1] if place else None, possible, ended, pattern, findings)
            return
        if taken not in following:
            following[taken] = 0
            for position in _positions(taken):
                following[taken] |= pattern.follow[position]
        possible, ended = following[taken], bool(taken & pattern.last)
    if not ended:
        _report(None, layers[-1] if layers else None, possible, ended, pattern, findings)


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


def _report(
    culprit: PlannedLayer | None,
    before: PlannedLayer | None,
    possible: int,
    ended: bool,
    pattern: Pattern,
    findings: Findings,
) -> None:
    words = dict.fromkeys(pattern.words[position].upper() for position in _positions(possible))
    wanted = [*words, "the end"] if ended else list(words)
    listed = " or ".join((", ".join(wanted[:-1]), wanted[-1])) if len(wanted) > 1 else "".join(wanted)
    behind = f"behind {before.node.name}" if before else "at the beginning"
    if culprit is None:
        message = f"the network ends {behind}, where the pattern goes on"
    else:
        message = f"{culprit.node.name} does not fit the pattern"
    secondary = (Label(culprit.node.span, f"{culprit.node.layer.keyword} here"),) if culprit else ()
    findings.add("ND311", message, pattern.span, f"{behind} it wants {listed}", secondary=secondary)
