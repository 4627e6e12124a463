"""From written numbers and sizes to typed values, with the limits of the language."""

from __future__ import annotations

import re
from typing import Any

from netdsl.layers.option import Option, OptionType
from netdsl.quantities import Padding, Size, Volume, count_from_text
from netdsl.source import Span
from netdsl.syntax import tree

INTEGER_LIMIT = 2**31
"""Options hold at most this much; totals have no limit."""

REAL_LIMIT = 3.4028234e38
"""The largest number of 32-bit arithmetic."""

LENGTH_LIMIT = 40
"""Characters of a number: more is no number that anyone means."""


class MisfitError(Exception):
    """A written value is not one that the option takes."""

    def __init__(self, code: str, message: str, label: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.label = label


def extents(value: tree.Value) -> tuple[int, ...] | None:
    """``55x55x96`` or ``4,096`` as whole numbers; None where one is not whole or too long."""
    texts = value.text.lower().replace("×", "x").split("x")
    parts = [count_from_text(text.strip()) for text in texts]
    if any(part is None for part in parts):
        return None
    return tuple(part for part in parts if part is not None)


def volume(value: tree.Value) -> Volume | None:
    """The volume that a claim states: three extents, or a plain count; None for anything else."""
    parts = extents(value)
    if parts is None or any(not 1 <= part <= INTEGER_LIMIT for part in parts):
        return None
    if len(parts) == 1:
        return Volume(1, 1, parts[0], vector=True)
    if len(parts) == 2:
        return Volume(parts[0], parts[1], 1)
    return Volume(*parts) if len(parts) == 3 else None


_TIMES = re.compile("[xX×]")


def split_third(value: tree.Value) -> tuple[tree.Extents, tree.Number] | None:
    """``5x5`` and ``3`` of ``5x5x3``, each with its place; None for anything else."""
    signs = [found.start() for found in _TIMES.finditer(value.text)]
    if len(signs) != 2:
        return None
    size, third, span = value.text[: signs[1]].rstrip(), value.text[signs[1] + 1 :].lstrip(), value.span
    if span.end - span.start != len(value.text):  # a name stands for it
        return tree.Extents(size, span), tree.Number(third, span)
    return (
        tree.Extents(size, Span(span.start, span.start + len(size))),
        tree.Number(third, Span(span.end - len(third), span.end)),
    )


def number(value: tree.Number) -> float | None:
    """A real number as written; None where it is too long to be meant."""
    if len(value.text) > LENGTH_LIMIT:
        return None
    whole = count_from_text(value.text)
    return float(whole) if whole is not None else _real(value.text)


def _real(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:  # a scale letter behind digits that leave a fraction
        return None


_NUMERIC = (
    OptionType.REAL,
    OptionType.COUNT,
    OptionType.INDEX,
    OptionType.SIZE,
    OptionType.PADDING,
)
"""Types of options whose value is a number or a size."""


def convert(option: Option[Any], value: tree.Value) -> Any:
    """The typed value of an option; raises MisfitError with a message for the reader."""
    if any(len(part) > LENGTH_LIMIT for part in value.text.split("x")):
        raise MisfitError("ND105", f"a number of {len(value.text)} characters is too long", "at most 40")
    if option.type not in _NUMERIC:
        raise _misfit(option, value)
    if option.type is OptionType.REAL:
        return _within(option, _number_of(option, value))
    lowest = 0 if option.type in (OptionType.INDEX, OptionType.PADDING) else 1
    parts = extents(value)
    if parts is None:
        raise _misfit(option, value)
    for part in parts:
        if part > INTEGER_LIMIT:
            raise MisfitError("ND105", f"{part} is too large", "options hold at most 2,147,483,648")
        if part < lowest:
            raise _misfit(option, value)
    if option.type in (OptionType.COUNT, OptionType.INDEX):
        if len(parts) != 1:
            raise _misfit(option, value)
        return _within(option, parts[0])
    if len(parts) > 2:
        raise _misfit(option, value)
    size = Size(parts[0], parts[-1])
    return Padding.even(size) if option.type is OptionType.PADDING else size


def _number_of(option: Option[Any], value: tree.Value) -> float:
    read = number(value) if isinstance(value, tree.Number) else None
    if read is None and value.text.endswith("%"):
        read = percentage(value.text)
    if read is None or read == float("inf"):
        raise _misfit(option, value)
    if abs(read) > REAL_LIMIT:
        raise MisfitError("ND105", f"{value.text} is too large", "numbers hold at most 3.4e38")
    return read


def percentage(text: str) -> float | None:
    """``50%`` as a share."""
    share = _real(text.removesuffix("%").rstrip())
    return None if share is None else share / 100


def _within(option: Option[Any], value: Any) -> Any:
    if option.minimum is not None and value < option.minimum:
        raise MisfitError(
            "ND206", f"`{option.words[0]}` is at least {option.minimum:g}", f"{value:g} is below it"
        )
    if option.maximum is not None and value > option.maximum:
        raise MisfitError(
            "ND206", f"`{option.words[0]}` is at most {option.maximum:g}", f"{value:g} is above it"
        )
    return value


def _misfit(option: Option[Any], value: tree.Value) -> MisfitError:
    what = f"one of {', '.join(option.choices)}" if option.choices else option.type.value
    return MisfitError("ND206", f"`{option.words[0]}` takes {what}", f"not {value.text}")


_CHANNEL_LIMIT = 2**16
TABLE_LIMIT = 2**18
"""Connections of all tables of a text, counted again for every layer that has one."""

TOO_MANY_CONNECTIONS = (
    f"tables hold at most {TABLE_LIMIT:,} connections together, those of repeated layers counted"
)


_RANGES = "a range runs from a channel to a later one"


def table_rows(table: tree.Table, room: int = TABLE_LIMIT) -> tuple[tuple[int, ...], ...]:
    """The channels of each row, in order; ``0-2`` is 0, 1 and 2. Raises MisfitError, also where there
    are more connections than there is room for."""
    rows = []
    total = 0
    for row in table.rows:
        channels: set[int] = set()
        first: int | None = None
        ranging = False
        for item in row:
            if not isinstance(item, tree.Number):
                if ranging or (isinstance(item, tree.Sign) and first is None):
                    raise MisfitError("ND206", _RANGES)
                ranging = isinstance(item, tree.Sign)
                continue
            channel = count_from_text(item.text)
            if channel is None or channel > _CHANNEL_LIMIT:
                raise MisfitError(
                    "ND206", "a table holds the numbers of channels, from 0 on", f"not {item.text[:40]}"
                )
            if ranging and (first is None or channel < first):
                raise MisfitError("ND206", _RANGES, f"not to {channel}")
            start = first if ranging and first is not None else channel
            total += channel + 1 - start
            if total > room:
                raise MisfitError("ND109", TOO_MANY_CONNECTIONS)
            channels.update(range(start, channel + 1))
            first, ranging = channel, False
        if ranging:
            raise MisfitError("ND206", _RANGES)
        if not channels:
            raise MisfitError("ND206", "a row of the table is empty")
        rows.append(tuple(sorted(channels)))
    return tuple(rows)
