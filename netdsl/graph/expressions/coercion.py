"""From written numbers and sizes to typed values, with the limits of the language."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from netdsl.graph.expressions.values import ExactNumber, ExactSize, Number, Value, decimal, exact_number
from netdsl.graph.expressions.values import Size as SizeValue
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


def extents(value: Value) -> tuple[int, ...] | None:
    """``55x55x96`` or ``4,096`` as whole numbers; None where one is not whole or too long."""
    if isinstance(value, ExactSize):
        return value.extents
    if isinstance(value, ExactNumber):
        whole = value.value.denominator == 1 and value.value >= 0
        return (value.value.numerator,) if whole else None
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


def split_third(value: Value) -> tuple[SizeValue, Number] | None:
    """``5x5`` and ``3`` of ``5x5x3``, each with its place; None for anything else."""
    if isinstance(value, ExactSize):
        if len(value.extents) != 3:
            return None
        return ExactSize(value.extents[:2], value.span), ExactNumber(Fraction(value.extents[2]), value.span)
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


def number(value: Number) -> float | None:
    """A real number, rounded once, to the nearest that a float is; None where it is too long to be meant."""
    if isinstance(value, ExactNumber):
        return float(value.value)
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


def convert(option: Option[Any], value: Value) -> Any:
    """The typed value of an option; raises MisfitError with a message for the reader."""
    written = isinstance(value, tree.Number | tree.Extents)
    if written and any(len(part) > LENGTH_LIMIT for part in value.text.split("x")):
        raise MisfitError("ND105", f"a number of {len(value.text)} characters is too long", "at most 40")
    if option.type not in _NUMERIC:
        raise _misfit(option, value.text)
    if option.type is OptionType.REAL:
        real = _number_of(option, value)
        _check_bounds(option, _exact(value, real))
        return real
    parts = extents(value)
    if parts is None:
        raise _misfit(option, value.text)
    return from_extents(option, parts, value.text)


def from_extents(option: Option[Any], parts: tuple[int, ...], shown: str) -> Any:
    """As ``convert``, for an option of whole numbers; ``shown`` is what messages call the value."""
    lowest = 0 if option.type in (OptionType.INDEX, OptionType.PADDING) else 1
    for part in parts:
        if part > INTEGER_LIMIT:
            raise MisfitError("ND105", f"{part} is too large", "options hold at most 2,147,483,648")
        if part < lowest:
            raise _misfit(option, shown)
    if option.type in (OptionType.COUNT, OptionType.INDEX):
        if len(parts) != 1:
            raise _misfit(option, shown)
        _check_bounds(option, parts[0])
        return parts[0]
    if len(parts) > 2:
        raise _misfit(option, shown)
    size = Size(parts[0], parts[-1])
    return Padding.even(size) if option.type is OptionType.PADDING else size


def _number_of(option: Option[Any], value: Value) -> float:
    read = number(value) if isinstance(value, Number) else None
    if read is None and isinstance(value, tree.Number) and value.text.endswith("%"):
        read = percentage(value.text)
    if read is None or read == float("inf"):
        raise _misfit(option, value.text)
    if abs(read) > REAL_LIMIT:
        raise MisfitError("ND105", f"{value.text} is too large", "numbers hold at most 3.4e38")
    return read


def percentage(text: str) -> float | None:
    """``50%`` as a share."""
    exact = exact_number(text)
    if exact is not None:
        return float(exact)
    share = _real(text.removesuffix("%").rstrip())  # of a large exponent
    return None if share is None else share / 100


def _exact(value: Value, rounded: float) -> Fraction:
    """The value before it is rounded, which may lie beyond a bound that the rounded one keeps."""
    if isinstance(value, ExactNumber):
        return value.value
    exact = exact_number(value.text)
    return exact if exact is not None else Fraction(rounded)


def _check_bounds(option: Option[Any], value: Fraction | int) -> None:
    low, high = option.minimum, option.maximum
    if low is not None and value < low:
        raise MisfitError("ND206", f"`{option.words[0]}` is at least {low:g}", f"{_shown(value)} is below it")
    if high is not None and value > high:
        raise MisfitError("ND206", f"`{option.words[0]}` is at most {high:g}", f"{_shown(value)} is above it")


def _shown(value: Fraction | int) -> str:
    """The number in few digits, where these say it all."""
    short = f"{float(value):g}"
    return short if Fraction(short) == value else decimal(Fraction(value))


def _misfit(option: Option[Any], shown: str) -> MisfitError:
    what = f"one of {', '.join(option.choices)}" if option.choices else option.type.value
    return MisfitError("ND206", f"`{option.words[0]}` takes {what}", f"not {shown}")


_CHANNEL_LIMIT = 2**16
TABLE_LIMIT = 2**18
"""Connections of all tables of a text, counted again for every layer that has one."""

TOO_MANY_CONNECTIONS = (
    f"tables hold at most {TABLE_LIMIT:,} connections in all, those of repeated layers included"
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
                    "ND206", "a table holds channel numbers, counted from 0", f"not {item.text[:40]}"
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
