"""The natural logarithm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.functions.function import Function

if TYPE_CHECKING:
    from netdsl.primitives.functions.function import Array


def _log(a: Array) -> Array:
    import numpy as np

    return np.asarray(np.log(a))


log = Function("log", slopes=lambda f, a: (1 / a,), numpy=_log, vector="logarithm")
