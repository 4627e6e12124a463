"""Arithmetic in a network file: names of parameters and ``let`` lines, and what they stand for.

Exact throughout: values are fractions, and only an option decides whether it takes one. Loops, no
recursion, and results of bounded size, so no formula costs more than its length.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from netdsl.diagnostics import Findings
from netdsl.quantities import count_from_text
from netdsl.source import Span
from netdsl.syntax import tree


class Passed(NamedTuple):
    """A volume that a reference means, and that a call can hand to its block.

    ``step`` makes it; ``place`` is that of the reference. ``own`` where the label stands beside the layer
    itself: then the default activation behind that layer is not in it.
    """

    step: int
    place: Span | None = None
    own: bool = False


class Failed(NamedTuple):
    """Stands for the value of a formula that has none; the finding says why, and is reported."""

    code: str
    message: str
    span: Span
    label: str = ""
    cures: tuple[str, ...] = ()
    meant: str | None = None


Quantity: TypeAlias = Fraction | tuple[int, ...] | Passed | Failed
"""A number, the extents of a size, a volume, or none of them."""


class Readings:
    """The words in layers of one text that could be names of values: those ``seen`` while options were
    read, and those whose values were ``read``."""

    def __init__(self) -> None:
        self.seen: set[Span] = set()
        self.read: set[Span] = set()


class Environment:
    """The names that hold in a file or in one use of a block. Never changed once it is complete, but for
    the ``readings``, which all environments of a text share."""

    def __init__(self, values: MutableMapping[str, Quantity], readings: Readings | None = None) -> None:
        self.values = values
        self.readings = readings or Readings()


_LIMIT = 2**64
_LENGTH = 40
_EXPONENT = re.compile(r"e[+-]?(\d+)", re.IGNORECASE)
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}


class _FormulaError(Exception):
    """Why a formula has no value."""

    def __init__(
        self,
        code: str,
        message: str,
        span: Span,
        label: str = "",
        *cures: str,
        meant: str | None = None,
    ) -> None:
        super().__init__(message)
        self.failed = Failed(code, message, span, label, cures, meant)


def value_of(sum: tree.Sum, environment: Environment, findings: Findings) -> Quantity:
    """The value of a formula; Failed, with a finding, where it has none."""
    try:
        return _value(sum, environment, findings)
    except _FormulaError as error:
        failed = error.failed
        findings.add(
            failed.code, failed.message, failed.span, failed.label, help=failed.cures, meant=failed.meant
        )
        return failed


def evaluate(sum: tree.Sum, environment: Environment, findings: Findings) -> Quantity | None:
    """The value of a formula; None, with a finding, where it has none."""
    value = value_of(sum, environment, findings)
    return None if isinstance(value, Failed) else value


def place(sum: tree.Sum) -> Span:
    """Where a formula stands."""
    return sum[0].span.to(sum[-1].span)


def _value(sum: tree.Sum, environment: Environment, findings: Findings) -> Quantity:
    if len(sum) == 1:
        return _operand(sum[0], environment, findings)
    values: list[Fraction] = []
    signs: list[tree.Operand] = []

    def apply() -> None:
        sign = signs.pop()
        right, left = values.pop(), values.pop()
        values.append(_combined(left, sign, right, place(sum)))

    for item in sum:
        if not isinstance(item, tree.Sign):
            values.append(_number(item, environment, findings))
        elif item.text == "(":
            signs.append(item)
        elif item.text == ")":
            while signs[-1].text != "(":
                apply()
            signs.pop()
        else:
            rank = _PRECEDENCE[_plain(item.text)]
            while signs and signs[-1].text != "(" and _PRECEDENCE[_plain(signs[-1].text)] >= rank:
                apply()
            signs.append(item)
    while signs:
        apply()
    return values[0]


def _plain(sign: str) -> str:
    """A minus is any of the dashes that also link layers."""
    return sign if sign in _PRECEDENCE else "-"


def _combined(left: Fraction, sign: tree.Operand, right: Fraction, span: Span) -> Fraction:
    if sign.text == "*":
        result = left * right
    elif sign.text == "/":
        if not right:
            raise _FormulaError("ND223", "this divides by zero", span)
        result = left / right
    else:
        result = left + right if sign.text == "+" else left - right
    if abs(result.numerator) > _LIMIT or result.denominator > _LIMIT:
        raise _FormulaError("ND105", "the result is too large", span, "more than 2^64")
    return result


def _number(item: tree.Operand, environment: Environment, findings: Findings) -> Fraction:
    value = _operand(item, environment, findings)
    if isinstance(value, Fraction):
        return value
    what = "a volume" if isinstance(value, Passed) else "a size"
    raise _FormulaError(
        "ND223",
        f"`{item.text}` is {what}: only numbers are calculated with",
        item.span,
        "",
        "sizes stand for themselves: `3x3`",
    )


def _operand(item: tree.Operand, environment: Environment, findings: Findings) -> Quantity:
    if isinstance(item, tree.Word):
        value = environment.values.get(item.text)
        if value is None:
            raise _unknown(item, environment, findings)
        if isinstance(value, Failed):  # said again, which Findings passes over
            raise _FormulaError(*value[:4], *value.cures, meant=value.meant)
        return value
    if len(item.text) > _LENGTH:
        raise _FormulaError("ND105", f"a number of {len(item.text)} characters is too long", item.span)
    if isinstance(item, tree.Extents):
        parts = [count_from_text(part.strip()) for part in item.text.lower().replace("×", "x").split("x")]
        return tuple(part for part in parts if part is not None)
    whole = count_from_text(item.text)
    if whole is not None:
        return Fraction(whole)
    exponent = _EXPONENT.search(item.text)
    if exponent and int(exponent[1]) > _LENGTH:
        raise _FormulaError("ND105", f"{item.text} has too large an exponent", item.span)
    try:
        return Fraction(item.text.replace(",", ""))
    except ValueError:  # a scale letter behind digits that leave a fraction
        raise _FormulaError("ND206", f"`{item.text}` is no number", item.span) from None


def _unknown(word: tree.Word, environment: Environment, findings: Findings) -> _FormulaError:
    near = findings.near(word.text, environment.values, "numbers")
    cure = f"give it a value before: `let {word.text[:40]} = 32`, or make it a parameter of the block"
    message = f"there is no number called `{word.text[:40]}` here"
    return _FormulaError("ND216", message, word.span, "", cure, meant=near)


def as_item(quantity: Quantity, span: Span) -> tree.Value | None:
    """A quantity as if it were written in the place of its formula; None for a volume."""
    if isinstance(quantity, Fraction):
        return tree.Number(_decimal(quantity), span)
    if isinstance(quantity, Passed | Failed):
        return None
    return tree.Extents("x".join(str(part) for part in quantity), span)


def _decimal(value: Fraction) -> str:
    """Digits, as many as it takes; rounded where that is without end."""
    if value.denominator == 1:
        return str(value.numerator)
    scaled, places = value, 0
    while scaled.denominator != 1 and places < _LENGTH // 2:
        scaled, places = scaled * 10, places + 1
    if scaled.denominator != 1:
        return repr(float(value))
    digits = str(abs(scaled.numerator)).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def calculated(
    items: tuple[tree.Item, ...], environment: Environment, findings: Findings
) -> tuple[tree.Item, ...] | None:
    """The items of a layer with every formula replaced by its value; None where one has none.

    Names that stand alone stay: whether ``stride`` is an option or a parameter depends on where it
    stands. A sign without operands stays too, for whoever reads the options to report.
    """
    values = environment.values
    for item in items:
        if isinstance(item, tree.Word) and isinstance(values.get(item.text), Failed):
            evaluate((item,), environment, findings)
            return None
    if not any(isinstance(item, tree.Sign) for item in items):
        return items
    result: list[tree.Item] = []
    sound = True
    position = 0
    while position < len(items):
        end = formula_end(items, position)
        if end - position < 2:
            result.append(items[position])
            position += 1
            continue
        formula = tuple(item for item in items[position:end] if isinstance(item, tree.Operand))
        environment.readings.read.update(item.span for item in formula if isinstance(item, tree.Word))
        value = evaluate(formula, environment, findings)
        written = as_item(value, place(formula)) if value is not None else None
        sound = sound and written is not None
        if written is not None:
            result.append(written)
        position = end
    return tuple(result) if sound else None


def formula_end(items: tuple[tree.Item, ...], position: int) -> int:
    """Where the formula ends that begins here; ``position`` where none does."""
    while True:
        end = _operand_end(items, position)
        if end == position or end >= len(items):
            return end
        following = items[end]
        if not (isinstance(following, tree.Sign) and following.text in "*/"):
            return end
        if _operand_end(items, end + 1) == end + 1:
            return end
        position = end + 1


def _operand_end(items: tuple[tree.Item, ...], position: int) -> int:
    """Behind a number, a name, or the closing parenthesis; ``position`` where none stands."""
    if position >= len(items):
        return position
    item = items[position]
    if isinstance(item, tree.Number | tree.Word):
        return position + 1
    if not (isinstance(item, tree.Sign) and item.text == "("):
        return position
    depth = 0
    while True:  # the grammar sees to it that parentheses come in pairs
        item = items[position]
        position += 1
        if isinstance(item, tree.Sign) and item.text in "()":
            depth += 1 if item.text == "(" else -1
            if depth == 0:
                return position
