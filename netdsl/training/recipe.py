"""The recipe: every setting that decides what training computes, and nothing else.

The number of threads and the backend are not in it, because the result does not depend on them.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, NamedTuple

from netdsl.data.split import Shares, shares_from_text
from netdsl.initializers import initializers
from netdsl.losses import losses
from netdsl.losses.loss import Loss
from netdsl.optimizers.optimizer import Optimizer
from netdsl.optimizers.sgd import Sgd
from netdsl.program.program import PRECISIONS

LARGEST_COUNT = 2**31 - 1


class Recipe(NamedTuple):
    """How to train.

    ``rate``, ``momentum`` and ``decay`` are those of ``Sgd``; ``batch`` is in images, ``epochs`` in
    passes over the training part; ``init`` names an initializer and ``split`` the percentages of
    train/validation/test. ``exact`` and ``precision`` are those of Program, and part of the recipe
    because the bits of the result depend on them; ``precision`` is that of training steps, all else
    is float32. The default rate, momentum and decay are those of Krizhevsky, Sutskever, Hinton,
    2012, "ImageNet Classification with Deep Convolutional Neural Networks", section 5.
    """

    data: str = "digits"
    split: str = "80/10/10"
    loss: str = "cross-entropy"
    rate: float = 0.01
    momentum: float = 0.9
    decay: float = 5e-4
    batch: int = 32
    epochs: int = 15
    seed: int = 1
    init: str = "he"
    exact: bool = False
    precision: str = "float32"

    @property
    def shares(self) -> Shares:
        return shares_from_text(self.split)

    @property
    def loss_function(self) -> Loss:
        return losses()[self.loss]

    @property
    def optimizer(self) -> Optimizer:
        return Sgd(momentum=self.momentum, decay=self.decay)

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


def check_setting(name: str, value: object) -> None:
    """Raise TypeError or ValueError, with a reason to show, where a setting cannot have this value."""
    wanted = type(Recipe._field_defaults[name])
    if type(value) is not wanted:
        raise TypeError(f"{name} must be of type {wanted.__name__}")
    if isinstance(value, str):
        _check_text(name, value)
    elif isinstance(value, (int, float)):
        _check_number(name, value)


def _check_text(name: str, value: str) -> None:
    known = {"loss": tuple(losses()), "init": tuple(initializers()), "precision": PRECISIONS}.get(
        name, (value,)
    )
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}")
    if name == "split":
        shares_from_text(value)
    if not value or len(value) > 4096:
        raise ValueError(f"{name} must have 1 to 4096 characters")


def _check_number(name: str, value: float) -> None:
    if not isfinite(value):
        raise ValueError(f"{name} must be a finite number")
    if name == "rate" and not 0 < value <= 1e6:
        raise ValueError("the rate must be above 0 (and at most a million)")
    if name == "momentum" and not 0 <= value < 1:
        raise ValueError("momentum must be at least 0 and below 1")
    if name == "decay" and not 0 <= value <= 1e6:
        raise ValueError("decay must be at least 0 (and at most a million)")
    if name in ("batch", "epochs") and not 1 <= value <= LARGEST_COUNT:
        raise ValueError(f"{name} must be at least 1")
    if name == "seed" and not 0 <= value <= LARGEST_COUNT:
        raise ValueError(f"the seed must be between 0 and {LARGEST_COUNT}")


_ADDED = {"precision"}
"""Settings that runs of earlier versions do not name; they had the default."""


def recipe_from_json(values: object) -> Recipe:
    """The recipe that ``as_json`` gave. Raises TypeError or ValueError for anything else."""
    if not isinstance(values, dict) or set(values) | _ADDED != set(Recipe._fields):
        raise TypeError(f"a recipe has exactly the settings {', '.join(Recipe._fields)}")
    for name, value in values.items():
        check_setting(name, value)
    return Recipe(**values)
