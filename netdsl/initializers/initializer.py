"""The contract of an initializer."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from netdsl.layers.layer import Parameter
from netdsl.recipe.component import Component

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Initializer(Component):
    """Draws the initial values of weights.

    Asked only of weights, parameters with a ``fan_in``; all others start filled with
    ``Parameter.initial``.
    """

    @abstractmethod
    def draw(self, generator: np.random.Generator, parameter: Parameter) -> NDArray[np.float32]:
        """Values of ``parameter.shape``. ``generator`` serves this parameter alone."""
