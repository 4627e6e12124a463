"""Options of a layer that was read before, in the same text or in another: the same words say the same.

Only what was read without a finding is kept, with the places of values as numbers of the items that they
reach from and to.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from netdsl.diagnostics import Findings
from netdsl.graph.expressions.environment import Environment, Quantity, Readings
from netdsl.graph.expressions.values import Items
from netdsl.graph.options.reader import read_options
from netdsl.graph.options.volumes import Written
from netdsl.layers.alike import is_small
from netdsl.layers.layer import Layer
from netdsl.source import Span
from netdsl.syntax import tree

READING_LIMIT = 4096
"""So many are kept, about 1 KiB each; then all are let go."""

_LENGTH = 200
"""Characters of options that are kept."""


class _Reading(NamedTuple):
    """The value of each option, and the first and the last item that it is written in; of the items those
    that are names of values, and those of them that were read."""

    options: tuple[tuple[str, Any, int, int], ...]
    seen: tuple[int, ...]
    read: tuple[int, ...]


_known: dict[Any, _Reading] = {}


def known_options(
    kind: type[Layer], items: Items, findings: Findings, environment: Environment
) -> dict[str, Written]:
    """The options that are written, by name: the first value of each."""
    if not items:
        return {}
    key = _key(kind, items, findings, environment)
    reading = _known.get(key) if key is not None else None
    if reading is None:
        return _read(key, kind, items, findings, environment)
    if reading.seen:
        environment.readings.seen.update([items[index].span for index in reading.seen])
        environment.readings.read.update([items[index].span for index in reading.read])
    return {
        name: Written(value, items[first].span if first == last else items[first].span.to(items[last].span))
        for name, value, first, last in reading.options
    }


def _key(
    kind: type[Layer], items: Items, findings: Findings, environment: Environment
) -> tuple[Any, ...] | None:
    """What the options follow from: the words as they stand, and the values of those that are names; None
    where more is asked."""
    texts: list[str] = []
    named: list[Quantity | None] = []
    values = environment.values
    for item in items:
        if isinstance(item, tree.Table):
            return None
        text = item.text
        texts.append(text)
        if values and isinstance(item, tree.Word):
            value = values.get(text)
            if value is None and ("x" in text or "X" in text):
                return None  # the size `kx1` may be made of names
            if value is not None and type(value) is not Fraction and type(value) is not tuple:
                return None
            named.append(value)
    start, end = items[0].span.start, items[-1].span.end
    if not 0 < end - start <= _LENGTH:
        return None
    if named.count(None) == len(named):
        named = []
    return (kind, findings.source.excerpt(Span(start, end)), *map(type, items), *texts, *named)


def _read(
    key: tuple[Any, ...] | None,
    kind: type[Layer],
    items: Items,
    findings: Findings,
    environment: Environment,
) -> dict[str, Written]:
    reports, readings = findings.reports, environment.readings
    own = Readings()
    environment.readings = own
    try:
        found = read_options(kind, items, findings, environment)
    finally:
        environment.readings = readings
    readings.seen |= own.seen
    readings.read |= own.read
    options = {name: values[0] for name, values in found.items()}
    if key is not None and findings.reports == reports:
        reading = _reading(options, items, own)
        if reading is not None:
            if len(_known) >= READING_LIMIT:
                _known.clear()
            _known[key] = reading
    return options


def _reading(options: dict[str, Written], items: Items, readings: Readings) -> _Reading | None:
    """What is kept; None where a value is large or begins or ends inside an item."""
    starts = {item.span.start: index for index, item in reversed([*enumerate(items)])}
    ends = {item.span.end: index for index, item in enumerate(items)}
    indices: list[tuple[str, Any, int, int]] = []
    for name, (value, span) in options.items():
        first, last = starts.get(span.start), ends.get(span.end)
        if value is None or not is_small(value) or first is None or last is None:
            return None
        indices.append((name, value, first, last))
    seen = tuple([index for index, item in enumerate(items) if item.span in readings.seen])
    read = tuple([index for index, item in enumerate(items) if item.span in readings.read])
    return _Reading(tuple(indices), seen, read)
