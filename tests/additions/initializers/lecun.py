"""LeCun initialisation."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, ClassVar

from netdsl.initializers.initializer import Initializer
from netdsl.layers.layer import Parameter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Lecun(Initializer):
    """Normal with mean 0 and variance 1/fan_in.

    LeCun et al., 1998, "Efficient BackProp", section 4.6.
    """

    name: ClassVar[str] = "lecun"

    def draw(self, generator: np.random.Generator, parameter: Parameter) -> NDArray[np.float32]:
        values = generator.standard_normal(parameter.shape, dtype="float32")
        values *= sqrt(1.0 / parameter.fan_in)
        return values
