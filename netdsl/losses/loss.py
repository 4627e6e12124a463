"""The contract of a loss."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from netdsl.recipe.component import Component

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Untrained(NamedTuple):
    """The loss of an untrained network: ``equal`` where all scores are equal, by
    ``formula``, and at most about ``spread`` more with the scores that initial weights give."""

    equal: float
    formula: str
    spread: float


class Loss(Component):
    """Turns scores and targets into one number, written as primitives."""

    takes_scores: ClassVar[bool] = False
    """Whether it wants what goes into a closing SOFTMAX rather than what comes out."""

    takes_shares: ClassVar[bool] = False
    """Whether the target may be shares of several classes that add up to 1."""

    def fitted(self, images: Sequence[int]) -> Loss:
        """The loss for data with so many training images of each class."""
        return self

    def counts(self, scores: int) -> tuple[float, ...] | None:
        """How much an image of each class counts in the mean of a batch, with so many scores; None where
        all count the same."""
        return None

    @abstractmethod
    def lower(self, build: Builder, scores: Tensor, target: Tensor) -> Tensor:
        """The mean loss of the batch, shape (1, 1, 1), from tensors of shape (1, 1, classes).

        ``target`` holds a 1 at the right class and 0 elsewhere.
        """

    @abstractmethod
    def probabilities(self, build: Builder, scores: Tensor) -> Tensor:
        """What a prediction shows for the scores: positive, adding up to 1."""

    def untrained(self, scores: int) -> Untrained | None:
        """What to expect of the very first step, with so many scores; None where that tells nothing."""
        return None
