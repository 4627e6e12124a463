"""How good predictions are: accuracy, accuracy per class, confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Evaluation(NamedTuple):
    """What a network makes of some images.

    ``loss`` is the mean over the images; ``labels`` and ``predicted`` are (images,), the number of
    the right class and of the class with the highest score. ``spoilt`` is the first image, by its number
    in the data, with a score that is NaN or infinite.
    """

    loss: float
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    spoilt: int | None = None

    @property
    def images(self) -> int:
        return len(self.labels)

    @property
    def correct(self) -> int:
        return int(np.count_nonzero(self.labels == self.predicted))

    @property
    def accuracy(self) -> float:
        """The share of images whose highest score is that of their class, 0 to 1."""
        return self.correct / self.images

    def confusion(self, classes: int) -> NDArray[np.int64]:
        """(classes, classes): how many images of the row's class got the column's class."""
        cells = np.bincount(self.labels * classes + self.predicted, minlength=classes * classes)
        return cells.reshape(classes, classes)

    def class_accuracy(self, classes: int) -> list[float | None]:
        """The accuracy of each class's images; None for a class without images."""
        confusion = self.confusion(classes)
        totals = confusion.sum(axis=1)
        return [
            float(right) / int(total) if total else None
            for right, total in zip(np.diagonal(confusion), totals, strict=True)
        ]
