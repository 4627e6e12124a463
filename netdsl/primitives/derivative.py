"""The derivative of a formula, from those of what it calls."""

from __future__ import annotations

from collections.abc import Callable

from netdsl.primitives.expression import (
    ARITHMETIC,
    ONE,
    ZERO,
    Expression,
    constant,
    greater,
    power,
    select,
)
from netdsl.primitives.functions.function import function_named

# The derivative of a call for each argument, written with the call itself (f) where that is
# cheaper than the arguments: then backward keeps the output and not the input.
_Rule = Callable[..., tuple[Expression, ...]]
_OF_ARITHMETIC: dict[str, _Rule] = {
    "add": lambda f, a, b: (ONE, ONE),
    "subtract": lambda f, a, b: (ONE, constant(-1)),
    "multiply": lambda f, a, b: (b, a),
    "divide": lambda f, a, b: (ONE / b, -(a / (b * b))),
    "maximum": lambda f, a, b: (ONE - greater(b, a), greater(b, a)),
    "greater": lambda f, a, b: (ZERO, ZERO),
    "select": lambda f, c, a, b: (ZERO, select(c, ONE, ZERO), select(c, ZERO, ONE)),
    "relu": lambda f, a: (greater(f, ZERO),),
    "square_root": lambda f, a: (constant(0.5) / f,),
    "power": lambda f, a, b: (b * power(a, b.value - 1), ZERO),
}
assert set(_OF_ARITHMETIC) == ARITHMETIC


def _rule(function: str) -> _Rule:
    return _OF_ARITHMETIC[function] if function in ARITHMETIC else function_named(function).slopes


def derivative(f: Expression, wanted: int) -> Expression:
    """The partial derivative of ``f`` for operand ``wanted``."""
    partial: dict[Expression, Expression] = {}
    for node in f.walk():
        if node.function in ("operand", "constant"):
            partial[node] = ONE if node.operand == wanted else ZERO
            continue
        inner = [partial[argument] for argument in node.arguments]
        if all(term == ZERO for term in inner):
            partial[node] = ZERO
            continue
        total = ZERO
        for outer, term in zip(_rule(node.function)(node, *node.arguments), inner, strict=True):
            if term != ZERO:
                total = total + outer * term
        partial[node] = total
    return partial[f]
