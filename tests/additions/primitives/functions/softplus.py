"""ln(1 + e^a)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.expression import maximum
from netdsl.primitives.functions.exp import exp
from netdsl.primitives.functions.function import Function
from netdsl.primitives.functions.log import log
from netdsl.primitives.functions.sigmoid import sigmoid

if TYPE_CHECKING:
    from netdsl.primitives.functions.function import Array


def _softplus(a: Array) -> Array:
    import numpy as np

    return np.asarray(np.logaddexp(a, np.zeros((), a.dtype)))


softplus = Function(
    "softplus",
    slopes=lambda f, a: (sigmoid(a),),
    numpy=_softplus,
    vector=lambda a: maximum(a, 0) + log(1 + exp(-maximum(a, -a))),
)
