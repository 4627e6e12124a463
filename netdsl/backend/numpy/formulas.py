"""Expressions computed with NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.primitives.expression import FUNCTIONS, Expression

Array = NDArray[Any]


def _sigmoid(a: Array) -> Array:
    # Through tanh, which does not overflow: 1/(1 + e^-a) = (1 + tanh(a/2))/2.
    return np.asarray(0.5 * np.tanh(0.5 * a) + 0.5)


_erf = np.vectorize(math.erf, otypes=[np.float64])


def _select(condition: Array, a: Array, b: Array) -> Array:
    return np.asarray(np.where(condition != 0, a, b))


_COMPUTE: dict[str, Callable[..., Array]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "greater": lambda a, b: np.asarray(a > b).astype(np.result_type(a, b)),
    "select": _select,
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "erf": lambda a: np.asarray(_erf(a)).astype(np.result_type(a)),
    "relu": lambda a: np.maximum(a, np.zeros((), np.asarray(a).dtype)),
    "square_root": np.sqrt,
    "power": np.power,
}
assert set(_COMPUTE) == FUNCTIONS, "a function of expressions has no NumPy form"


def compute(expression: Expression, operands: list[Array], dtype: Any) -> Array:
    """The value of a formula on arrays that broadcast against each other."""
    values: dict[Expression, Array] = {}
    for node in expression.walk():
        if node.function == "operand":
            values[node] = operands[int(node.value)]
        elif node.constant:
            values[node] = np.asarray(node.value, dtype)
        else:
            values[node] = _COMPUTE[node.function](*(values[argument] for argument in node.arguments))
    return values[expression]
