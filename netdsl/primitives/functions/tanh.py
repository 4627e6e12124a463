"""The hyperbolic tangent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.functions.function import Function

if TYPE_CHECKING:
    from netdsl.primitives.functions.function import Array


def _tanh(a: Array) -> Array:
    import numpy as np

    return np.asarray(np.tanh(a))


tanh = Function("tanh", slopes=lambda f, a: (1 - f * f,), numpy=_tanh, vector="hyperbolic_tangent")
