"""How good predictions are: accuracy, how sure that figure is, accuracy per class, confusion matrix."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOP = 5
"""Of top-5 accuracy, which says something where there are more classes than that."""

FEW_IMAGES = 10_000
"""Below this number an accuracy can be off by more than a point, and is given with its interval."""

CONFIDENCE = 0.95
_NORMAL_QUANTILE = 1.959963984540054
"""Between minus and plus this many standard deviations lie 95 % of a normal distribution."""


class Interval(NamedTuple):
    """From ``low`` to ``high``, shares of 1."""

    low: float
    high: float


def wilson_interval(correct: int, images: int) -> Interval:
    """The 95 % confidence interval of an accuracy that was measured on so many images.

    Of images drawn from the same source in the same way, it holds the true share of right answers in
    95 of 100 cases. Wilson, 1927, "Probable Inference, the Law of Succession, and Statistical
    Inference": unlike the textbook's interval it stays within 0 and 1, and has a width where all answers
    are right.
    """
    share, spread = correct / images, _NORMAL_QUANTILE**2 / images
    centre = (share + spread / 2) / (1 + spread)
    half = sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    low = 0.0 if correct == 0 else max(centre - half, 0.0)
    return Interval(low, 1.0 if correct == images else min(centre + half, 1.0))


class Mistake(NamedTuple):
    """A wrong answer: ``image`` counts those of the evaluation, the classes are numbers.

    ``probability`` is that of the answer, ``class_probability`` that of the right class.
    """

    image: int
    label: int
    predicted: int
    probability: float
    class_probability: float


class Evaluation(NamedTuple):
    """What a network makes of some images.

    ``loss`` is the mean over the images; ``labels`` and ``predicted`` are (images,), the number of
    the right class and of the class with the highest score. ``spoilt`` is the first image, by its number
    in the data, with a score that is NaN or infinite. ``top5`` counts the images whose class is among
    the five with the highest scores; None where there are no more classes than that.
    ``probabilities``, (2, images), are those of the right class and of the answer, where they were
    asked for.
    """

    loss: float
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    spoilt: int | None = None
    top5: int | None = None
    probabilities: NDArray[np.float32] | None = None

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

    @property
    def interval(self) -> Interval:
        """The 95 % confidence interval of the accuracy."""
        return wilson_interval(self.correct, self.images)

    @property
    def top5_accuracy(self) -> float | None:
        """The share of images whose class is among the five highest scores; None as ``top5``."""
        return None if self.top5 is None else self.top5 / self.images

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

    def mistakes(self, most: int) -> list[Mistake]:
        """The worst wrong answers: those that gave the right class the least probability, then their
        own answer the most. Only of an evaluation with probabilities."""
        assert self.probabilities is not None
        of_class, of_answer = self.probabilities
        wrong = np.flatnonzero(self.labels != self.predicted)
        worst = wrong[np.lexsort((wrong, -of_answer[wrong], of_class[wrong]))][:most]
        return [
            Mistake(
                int(image),
                int(self.labels[image]),
                int(self.predicted[image]),
                float(of_answer[image]),
                float(of_class[image]),
            )
            for image in worst
        ]


def count_in_top(scores: NDArray[Any], labels: NDArray[np.int64]) -> int:
    """How many images, rows of ``scores``, have their class among the five highest.

    Of equal scores the first class counts as the higher, as for the answer.
    """
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    ahead = np.count_nonzero(scores > own, axis=1)
    equal = (scores == own) & (np.arange(scores.shape[1]) < labels[:, None])
    return int(np.count_nonzero(ahead + np.count_nonzero(equal, axis=1) < TOP))


def certainties(
    shares: NDArray[Any], labels: NDArray[np.int64], answers: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(2, images): the probability of the right class and that of the answer; ``shares`` is
    (images, scores)."""
    chosen: NDArray[np.float32] = np.take_along_axis(shares, np.stack([labels, answers], axis=1), axis=1)
    return chosen.T
