"""e to a power."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.functions.function import Function

if TYPE_CHECKING:
    from netdsl.primitives.functions.function import Array


def _exp(a: Array) -> Array:
    import numpy as np

    return np.asarray(np.exp(a))


exp = Function("exp", slopes=lambda f, a: (f,), numpy=_exp, vector="exponential")
