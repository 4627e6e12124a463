"""Expressions computed with NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.primitives.expression import ARITHMETIC, Expression
from netdsl.primitives.functions.function import function_named

Array = NDArray[Any]


def _select(condition: Array, a: Array, b: Array) -> Array:
    return np.asarray(np.where(condition != 0, a, b))


_ARITHMETIC: dict[str, Callable[..., Array]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "greater": lambda a, b: np.asarray(a > b).astype(np.result_type(a, b)),
    "select": _select,
    "relu": lambda a: np.maximum(a, np.zeros((), np.asarray(a).dtype)),
    "square_root": np.sqrt,
    "power": np.power,
}
assert set(_ARITHMETIC) == ARITHMETIC


def compute(expression: Expression, operands: list[Array], dtype: Any) -> Array:
    """The value of a formula on arrays that broadcast against each other."""
    values: dict[Expression, Array] = {}
    for node in expression.walk():
        if node.function == "operand":
            values[node] = operands[int(node.value)]
        elif node.constant:
            values[node] = np.asarray(node.value, dtype)
        else:
            known = node.function in ARITHMETIC
            function = _ARITHMETIC[node.function] if known else function_named(node.function).numpy
            values[node] = function(*(values[argument] for argument in node.arguments))
    return values[expression]
