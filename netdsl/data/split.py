"""Splits images into train, validation and test parts: stratified, seeded, without overlap."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from netdsl.data.dataset import PART_NAMES, TEST, TRAIN, VALIDATION, Dataset
from netdsl.data.randomness import stream
from netdsl.diagnostics import Diagnosed, file_error

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Shares(NamedTuple):
    """Percentages of the images for each part: 80/10/10."""

    train: Decimal
    validation: Decimal
    test: Decimal

    def __str__(self) -> str:
        return "/".join(f"{share.normalize():f}" for share in self)


def shares_from_text(text: str) -> Shares:
    """Read ``80/10/10``. Raises ValueError with a reason where the text means no split."""
    try:
        shares = [Decimal(part) for part in text.split("/")]
    except InvalidOperation:
        shares = []
    if len(shares) != 3 or not all(share.is_finite() and share > 0 for share in shares):
        raise ValueError("a split is three percentages above 0, train/validation/test, such as 80/10/10")
    if sum(shares) != 100:
        raise ValueError(f"the percentages of a split add up to 100, and {text} adds up to {sum(shares)}")
    return Shares(*shares)


class Parts(NamedTuple):
    """Indices of the images of each part, (images of the part,), each in ascending order."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def split(dataset: Dataset, shares: Shares, seed: int) -> Parts:
    """Deal the images out to the parts, each class in the given shares, by chance of ``seed``.

    Parts that the data assigns itself are kept, and only what is missing is taken from its training
    images: a data set with its own test part gives its training images to train and validation.
    Raises Diagnosed (ND504) where a part would be empty or a class would have nothing to train on.
    """
    parts = dataset.parts.copy()
    wanted = [VALIDATION, TEST]
    missing = [part for part in wanted if not (parts == part).any()]
    pool = shares.train + sum(shares[part] for part in missing)
    for part in missing:
        _deal(dataset, parts, part, float(shares[part] / pool), seed)
        pool -= shares[part]
    _check(dataset, parts, shares)
    return Parts(*(np.flatnonzero(parts == part) for part in (TRAIN, VALIDATION, TEST)))


def _deal(dataset: Dataset, parts: NDArray[np.uint8], part: int, share: float, seed: int) -> None:
    """Move a share of each class's training images to ``part``.

    Shares of a class are rarely whole; what one class loses by rounding the next one gains, so the
    part as a whole has the size that was asked for.
    """
    owed = 0.0
    for number, name in enumerate(dataset.own_classes):
        members = np.flatnonzero((dataset.labels == number) & (parts == TRAIN))
        owed += len(members) * share
        taken = min(round(owed), max(len(members) - 1, 0))
        owed -= taken
        order = stream(seed, f"split {PART_NAMES[part]} {name}").permutation(len(members))
        parts[members[order[:taken]]] = part


def _check(dataset: Dataset, parts: NDArray[np.uint8], shares: Shares) -> None:
    if not (dataset.parts == TRAIN).any():
        own = " and ".join(PART_NAMES[part] for part in (VALIDATION, TEST) if (dataset.parts == part).any())
        raise Diagnosed(
            file_error(
                "ND504",
                dataset.name,
                f"this is the {own} part of some data, and there is no training part to learn from",
                "name the data with its training part, or evaluate a trained network on it: netdsl eval",
            )
        )
    for part in (TRAIN, VALIDATION, TEST):
        if not (parts == part).any():
            raise Diagnosed(
                file_error(
                    "ND504",
                    dataset.name,
                    f"{dataset.images:,} images are too few for a split of {shares}: "
                    f"the {PART_NAMES[part]} part would be empty",
                    "add images, or give that part a larger share with --split",
                )
            )
    trained = np.bincount(dataset.labels[parts == TRAIN], minlength=len(dataset.classes))
    for number in np.flatnonzero(trained == 0):
        raise Diagnosed(
            file_error(
                "ND504",
                dataset.name,
                f"class `{dataset.classes[number]}` has no image to train on",
                "every class needs images in the training part",
            )
        )
