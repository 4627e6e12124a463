"""The contract of an optimizer."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from netdsl.recipe.component import Component

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Optimizer(Component):
    """Writes the change of one parameter as primitives. Every optimizer has an option ``rate``."""

    rate: float

    @abstractmethod
    def update(
        self, build: Builder, parameter: Tensor, gradient: Tensor, rate: Tensor, *, decays: bool
    ) -> tuple[Tensor, ...]:
        """Assign the parameter's new value; returns the stored arrays that it keeps for this.

        ``rate`` is the learning rate, a scalar; ``decays`` whether weight decay applies.
        """
