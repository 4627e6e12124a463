"""The contract of an initializer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from netdsl.layers.layer import Parameter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Initializer(ABC):
    """Draws the first values of weights.

    Asked only of weights, parameters with a ``fan_in``; all others start filled with
    ``Parameter.initial``.
    """

    name: ClassVar[str]

    @abstractmethod
    def draw(self, generator: np.random.Generator, parameter: Parameter) -> NDArray[np.float32]:
        """Values of ``parameter.shape``. ``generator`` serves this parameter alone."""
