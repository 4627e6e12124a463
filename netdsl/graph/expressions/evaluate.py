"""Arithmetic in a network file: names of parameters and ``let`` lines, and what they stand for.

Exact throughout: values are fractions, and only an option decides whether it takes one. Loops, no
recursion, and results of bounded size, so no formula costs more than its length.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from netdsl.diagnostics import Findings
from netdsl.graph.expressions.environment import (
    AWAITED,
    CHANNELS,
    NOTHING_COMES_IN,
    USE_CHANNELS,
    Awaited,
    ElementArgument,
    Environment,
    Failed,
    LayerOutput,
    Quantity,
)
from netdsl.graph.expressions.values import (
    ExactNumber,
    ExactSize,
    Items,
    decimal,
    exact_number,
    has_large_exponent,
)
from netdsl.quantities import count_from_text
from netdsl.source import Span
from netdsl.syntax import tree

BY = "x"
"""What joins two numbers to a size, `height x width`, where no number has this name."""


_LIMIT = 2**64
_LENGTH = 40
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}


class _AwaitedError(Exception):
    """A formula has no value yet."""


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


def value_of(
    sum: tree.Sum, environment: Environment, findings: Findings, meant: str | None = None
) -> Quantity:
    """The value of a formula; Failed, with a finding, where it has none. ``meant`` is what a name could be
    besides a number."""
    try:
        return _value(sum, environment, findings)
    except _AwaitedError:
        return AWAITED
    except _FormulaError as error:
        failed = error.failed
        findings.add(
            failed.code,
            failed.message,
            failed.span,
            failed.label,
            help=failed.cures,
            meant=failed.meant or meant,
        )
        return failed


def evaluate(
    sum: tree.Sum, environment: Environment, findings: Findings, meant: str | None = None
) -> Quantity | None:
    """The value of a formula; None, with a finding, where it has none. ``meant`` as in value_of."""
    value = value_of(sum, environment, findings, meant)
    return None if isinstance(value, Failed) else value


def formula_span(sum: tree.Sum) -> Span:
    """Where a formula stands."""
    return sum[0].span.to(sum[-1].span)


def _value(sum: tree.Sum, environment: Environment, findings: Findings) -> Quantity:
    if len(sum) == 1:
        return _operand(sum[0], environment, findings)
    sum = apart(sum)
    parts = parts_of(sum)
    if len(parts) > 1:
        return _size(parts, environment, findings)
    return _calculated(sum, environment, findings)


def apart(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The items with ``2 x 3`` of ``k/2 x 3`` taken apart, which is no size of its own."""
    found: list[Any] = []
    for index, item in enumerate(items):
        before = items[index - 1] if index else None
        if isinstance(item, tree.Extents) and isinstance(before, tree.Sign) and before.text in "*/":
            for part in re.finditer(r"[0-9]+|[xX×]", item.text):
                span = Span(item.span.start + part.start(), item.span.start + part.end())
                found.append(tree.Number(part[0], span) if part[0].isdigit() else tree.Word(BY, span))
        else:
            found.append(item)
    return tuple(found)


def parts_of(sum: tree.Sum) -> list[tree.Sum]:
    """The formulas that stand side by side: three in ``height x (k + 1)``, the ``x`` one of them."""
    parts: list[tree.Sum] = []
    start = depth = 0
    for index, item in enumerate(sum):
        opens = isinstance(item, tree.Sign) and item.text == "("
        begins = opens or not isinstance(item, tree.Sign)
        before = sum[index - 1] if index else None
        ends = before is not None and (not isinstance(before, tree.Sign) or before.text == ")")
        if begins and ends and not depth:
            parts.append(sum[start:index])
            start = index
        if isinstance(item, tree.Sign) and item.text in "()":
            depth += 1 if opens else -1
    return [*parts, sum[start:]]


def is_by(part: Items, environment: Environment) -> bool:
    """Whether what stands between two numbers joins them to a size."""
    (word, *more) = part
    return (
        not more and isinstance(word, tree.Word) and word.text in "xX" and word.text not in environment.values
    )


def _size(parts: list[tree.Sum], environment: Environment, findings: Findings) -> Quantity:
    """``height x width``."""
    between = parts[1::2]
    if len(parts) % 2 == 0 or not all(is_by(part, environment) for part in between):
        span = formula_span(parts[0]).to(formula_span(parts[-1]))
        message = "several values where one is expected"
        cures = ("arguments are separated by commas", "a size is written `3x3` or `height x width`")
        raise _FormulaError("ND245", message, span, "", *cures)
    return tuple(_extent(part, environment, findings) for part in parts[::2])


def _extent(part: tree.Sum, environment: Environment, findings: Findings) -> int:
    value = _calculated(part, environment, findings)
    if value.denominator != 1 or value < 0:
        raise _FormulaError(
            "ND206", "the extents of a size are whole numbers", formula_span(part), f"not {decimal(value)}"
        )
    return int(value)


def _calculated(sum: tree.Sum, environment: Environment, findings: Findings) -> Fraction:
    values: list[Fraction] = []
    signs: list[tree.Operand] = []
    cure = "write arithmetic like `4*k`, `width/2` or `(k+1)*2`"
    no_formula = _FormulaError("ND207", "this is not arithmetic", formula_span(sum), "", cure)

    def apply() -> None:
        if len(values) < 2 or signs[-1].text == "(":
            raise no_formula
        sign = signs.pop()
        right, left = values.pop(), values.pop()
        values.append(_combined(left, sign, right, formula_span(sum)))

    for item in sum:
        if not isinstance(item, tree.Sign):
            values.append(_number(item, environment, findings))
        elif item.text == "(":
            signs.append(item)
        elif item.text == ")":
            while signs and signs[-1].text != "(":
                apply()
            if not signs:
                raise no_formula
            signs.pop()
        else:
            rank = _PRECEDENCE[_plain(item.text)]
            while signs and signs[-1].text != "(" and _PRECEDENCE[_plain(signs[-1].text)] >= rank:
                apply()
            signs.append(item)
    while signs:
        apply()
    if len(values) != 1:
        raise no_formula
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
    if isinstance(value, Awaited):
        raise _AwaitedError
    what = (
        "a volume"
        if isinstance(value, LayerOutput)
        else "a layer"
        if isinstance(value, ElementArgument)
        else "a size"
    )
    raise _FormulaError(
        "ND223",
        f"`{item.text}` is {what}: arithmetic takes only numbers",
        item.span,
        "",
        "write sizes as they are: `3x3`",
    )


def _operand(item: tree.Operand, environment: Environment, findings: Findings) -> Quantity:
    if isinstance(item, tree.Word):
        value = environment.values.get(item.text)
        if value is None:
            value = joined(item.text, environment)
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
    if has_large_exponent(item.text):
        raise _FormulaError("ND105", f"{item.text} has too large an exponent", item.span)
    number = exact_number(item.text)
    if number is None:
        raise _FormulaError("ND206", f"`{item.text}` is not a number", item.span)
    return number


def joined(text: str, environment: Environment) -> tuple[int, ...] | None:
    """The size that a word means, ``kx1``, whose parts are numbers or names of numbers; None if none."""
    for index, sign in enumerate(text):
        if sign in "xX" and 0 < index < len(text) - 1:
            parts = [_whole(part, environment) for part in (text[:index], text[index + 1 :])]
            if None not in parts:
                return tuple(part for part in parts if part is not None)
    return None


def _whole(text: str, environment: Environment) -> int | None:
    """The number that digits or a name mean, where it is a whole one."""
    value = environment.values.get(text)
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 and value >= 0 else None
    return count_from_text(text) if text.isdecimal() and len(text) <= _LENGTH else None


def _unknown(word: tree.Word, environment: Environment, findings: Findings) -> _FormulaError:
    if word.text == CHANNELS:
        return _FormulaError("ND246", NOTHING_COMES_IN, word.span, "", USE_CHANNELS)
    near = findings.near(word.text, environment.values, "numbers")
    cure = f"give it a value first: `let {word.text[:40]} = 32`, or make it a parameter of the block"
    message = f"there is no number called `{word.text[:40]}` here"
    return _FormulaError("ND216", message, word.span, "", cure, meant=near)


def exact_value(quantity: Quantity, span: Span) -> ExactNumber | ExactSize | None:
    """What the name or the formula at a place comes to; None where that is not a number and no size."""
    if isinstance(quantity, Fraction):
        return ExactNumber(quantity, span)
    if not isinstance(quantity, tuple) or isinstance(quantity, LayerOutput | Failed):
        return None
    return ExactSize(quantity, span)
