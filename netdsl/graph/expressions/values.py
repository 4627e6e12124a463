"""Values that an option may take: numbers and sizes as they are written, and exact ones, calculated."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from netdsl.quantities import count_from_text
from netdsl.source import Span
from netdsl.syntax import tree

_DIGITS_BEHIND = 20
"""Digits after the point of a number that is shown; the rest is rounded."""


class ExactNumber(NamedTuple):
    """What a name or a formula comes to; ``span`` is where that stands."""

    value: Fraction
    span: Span

    @property
    def text(self) -> str:
        """The number for messages."""
        return decimal(self.value)


class ExactSize(NamedTuple):
    """The extents that a name or a formula comes to."""

    extents: tuple[int, ...]
    span: Span

    @property
    def text(self) -> str:
        """The size for messages."""
        return "x".join(map(str, self.extents))


Number: TypeAlias = tree.Number | ExactNumber
Size: TypeAlias = tree.Extents | ExactSize
Value: TypeAlias = Number | Size
Item: TypeAlias = tree.Item | ExactNumber | ExactSize
"""What stands behind the kind of a layer, formulas calculated."""

Items: TypeAlias = tuple[Item, ...]


_EXPONENT = re.compile(r"e([+-]?[0-9]+)", re.IGNORECASE)
_LARGEST_EXPONENT = 40


def has_large_exponent(text: str) -> bool:
    """Whether a number is so written that its exact value would take many digits: ``1e999``."""
    exponent = _EXPONENT.search(text)
    return exponent is not None and abs(int(exponent[1])) > _LARGEST_EXPONENT


def exact_number(text: str) -> Fraction | None:
    """``96``, ``70M``, ``0.5``, ``5e-4`` or ``50%`` exactly; None where it is no number, or has a large
    exponent."""
    whole = count_from_text(text)
    if whole is not None:
        return Fraction(whole)
    if has_large_exponent(text):
        return None
    try:
        if text.endswith("%"):
            return Fraction(text.removesuffix("%").rstrip().replace(",", "")) / 100
        return Fraction(text.replace(",", ""))
    except ValueError:  # a scale letter behind digits that leave a fraction
        return None


def decimal(value: Fraction) -> str:
    """Digits, as many as it takes; rounded where that is without end."""
    if value.denominator == 1:
        return str(value.numerator)
    scaled, digits_behind = value, 0
    while scaled.denominator != 1 and digits_behind < _DIGITS_BEHIND:
        scaled, digits_behind = scaled * 10, digits_behind + 1
    if scaled.denominator != 1:
        return repr(float(value))
    digits = str(abs(scaled.numerator)).rjust(digits_behind + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-digits_behind]}.{digits[-digits_behind:]}"


def without_percent(text: str) -> str:
    """``0.5`` of ``50%``, all its digits; other numbers as they are written."""
    share = exact_number(text) if text.endswith("%") else None
    return decimal(share) if share is not None else text
