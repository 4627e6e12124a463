"""The logistic function: 1/(1 + e^-a)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.functions.function import Function

if TYPE_CHECKING:
    from netdsl.primitives.functions.function import Array


def _sigmoid(a: Array) -> Array:
    import numpy as np

    # Through tanh, which does not overflow: 1/(1 + e^-a) = (1 + tanh(a/2))/2.
    return np.asarray(0.5 * np.tanh(0.5 * a) + 0.5)


sigmoid = Function("sigmoid", slopes=lambda f, a: (f * (1 - f),), numpy=_sigmoid, vector="logistic")
