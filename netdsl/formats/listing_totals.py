"""What listings say about a network: ``TOTAL memory: 24M * 4 bytes ~= 93MB``, ``TOTAL params: 138M``."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from netdsl.diagnostics import Diagnostic, Label, Severity
from netdsl.graph.statements.claims import Figure, figure
from netdsl.planning.plan import Plan
from netdsl.quantities import FLOAT_BYTES, bytes_text, grouped
from netdsl.source import Source, Span


class Total(NamedTuple):
    """A total with the number of its line; ``counted`` or ``size`` is None where it is not stated.

    ``size`` is in the unit ``letter``, whose thousands are 1,000 or 1,024.
    """

    number: int
    memory: bool
    counted: Figure | None
    size: Figure | None
    letter: str
    text: str


_TOTAL = re.compile(
    r"total\s+(?:number\s+of\s+)?(memory|activations|params|parameters|weights)\b[\s:=~≈]*", re.IGNORECASE
)
_COUNT = re.compile(r"(\d[\d,.]{0,40}\s?[kmg]?)(?![\w.])", re.IGNORECASE)
_SIZE = re.compile(r"(?<![\d,.])(\d[\d,.]{0,40})\s?([kmg])i?b(?:ytes)?\b", re.IGNORECASE)
_POWERS = {"k": 1, "m": 2, "g": 3}


def read_total(number: int, line: str) -> Total | None:
    """The total that a line states."""
    head = _TOTAL.match(line)
    if head is None:
        return None
    memory = head[1].lower() in ("memory", "activations")
    counted = _COUNT.match(line, head.end())
    sized = _SIZE.search(line, head.end()) if memory else None
    count = figure(counted[1]) if counted else None
    size = figure(sized[1], rounded=True) if sized else None
    if count is None and size is None:
        return None
    end = sized.end() if sized and size else counted.end() if counted else head.end()
    return Total(
        number, memory, count, size, sized[2].lower() if sized else "", line[head.end() : end].strip()
    )


def check_totals(totals: list[Total], plan: Plan, source: Source) -> list[Diagnostic]:
    """The totals that are wrong by more than their rounding."""
    found = [_memory(total, plan) if total.memory else _parameters(total, plan) for total in totals]
    return [
        Diagnostic("ND315", Severity.ERROR, wrong[0], source, Label(_span_of_text(total, source), wrong[1]))
        for total, wrong in zip(totals, found, strict=True)
        if wrong is not None
    ]


def _memory(total: Total, plan: Plan) -> tuple[str, str] | None:
    """Message and label of a wrong number of activations; those after activations may count or not,
    because they can be computed in place."""
    everything = plan.activation_values
    activations = everything - sum(
        layer.output.values for layer in plan.layers if layer.node.layer.is_activation
    )
    possible = (activations, everything)
    counted = total.counted is None or any(total.counted.allows(Fraction(count)) for count in possible)
    if counted and (total.size is None or _sized(total, possible)):
        return None
    size = bytes_text(FLOAT_BYTES * activations)
    label = f"{FLOAT_BYTES} bytes each are {size}, the input included"
    return f"the network has {grouped(activations)} activations, not {total.text}", label


def _sized(total: Total, possible: tuple[int, ...]) -> bool:
    """Whether the bytes are those of the activations, or of their rounded number."""
    assert total.size is not None
    counts = (*possible, int(total.counted.value)) if total.counted else possible
    power = _POWERS[total.letter]
    return any(
        total.size.allows(Fraction(FLOAT_BYTES * count, unit))
        for count in counts
        for unit in (1000**power, 1024**power)
    )


def _parameters(total: Total, plan: Plan) -> tuple[str, str] | None:
    """Message and label of a wrong number of parameters, biases counted or not."""
    weights = sum(
        parameter.values for layer in plan.layers for parameter in layer.parameters if parameter.fan_in
    )
    if total.counted is None or any(
        total.counted.allows(Fraction(count)) for count in (plan.parameter_count, weights)
    ):
        return None
    message = f"the network has {grouped(plan.parameter_count)} parameters, not {total.text}"
    return message, f"{grouped(weights)} of them are weights"


def _span_of_text(total: Total, source: Source) -> Span:
    """The figures on their line, or the whole line where it spells them otherwise."""
    text, start = source.line(total.number), source.line_start(total.number)
    offset = text.find(total.text)
    if offset < 0:
        return Span(start + len(text) - len(text.lstrip()), start + len(text.rstrip()))
    return Span(start + offset, start + offset + len(total.text))
