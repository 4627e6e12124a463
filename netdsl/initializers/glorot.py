"""Glorot initialisation, for layers that a function like tanh follows."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, ClassVar

from netdsl.initializers.initializer import Initializer
from netdsl.layers.layer import Parameter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Glorot(Initializer):
    """Uniform between -limit and limit with limit = sqrt(6/(fan_in + fan_out)).

    The variance 2/(fan_in + fan_out) is the compromise between keeping that of the activations and
    that of the gradients. Glorot, Bengio, 2010, "Understanding the Difficulty of Training Deep
    Feedforward Neural Networks", equation 16.
    """

    name: ClassVar[str] = "glorot"

    def draw(self, generator: np.random.Generator, parameter: Parameter) -> NDArray[np.float32]:
        limit = sqrt(6.0 / (parameter.fan_in + parameter.fan_out))
        values = generator.random(parameter.shape, dtype="float32")
        values *= 2 * limit
        values -= limit
        return values
