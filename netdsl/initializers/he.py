"""He initialisation, for layers that ReLU follows."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, ClassVar

from netdsl.initializers.initializer import Initializer
from netdsl.layers.layer import Parameter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class He(Initializer):
    """Normal with mean 0 and variance 2/fan_in.

    A layer then passes on the variance of its input although ReLU sets half of the values to
    0. He, Zhang, Ren, Sun, 2015, "Delving Deep into Rectifiers", equation 10.
    """

    name: ClassVar[str] = "he"

    def draw(self, generator: np.random.Generator, parameter: Parameter) -> NDArray[np.float32]:
        values = generator.standard_normal(parameter.shape, dtype="float32")
        values *= sqrt(2.0 / parameter.fan_in)
        return values
