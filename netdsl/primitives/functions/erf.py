"""The error function: 2/sqrt(pi) times the integral of e^-t^2 from 0 to a."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from netdsl.primitives.functions.exp import exp
from netdsl.primitives.functions.function import Function

if TYPE_CHECKING:
    from netdsl.primitives.functions.function import Array


def _erf(a: Array) -> Array:
    import numpy as np

    return np.asarray(np.vectorize(math.erf, otypes=[np.float64])(a)).astype(np.result_type(a))


erf = Function(
    "erf",
    slopes=lambda f, a: (exp(-(a * a)) * (2 / math.sqrt(math.pi)),),
    numpy=_erf,
    vector="error_function",
)
