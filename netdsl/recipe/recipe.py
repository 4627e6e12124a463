"""The recipe: every setting that decides what training computes, and nothing else.

The number of threads and the backend are not in it, because the result does not depend on them.
"""

from __future__ import annotations

from typing import NamedTuple

from netdsl.augmentations.augmentation import Augmentation
from netdsl.initializers.he import He
from netdsl.initializers.initializer import Initializer
from netdsl.losses.cross_entropy import CrossEntropy
from netdsl.losses.loss import Loss
from netdsl.optimizers.optimizer import Optimizer
from netdsl.optimizers.sgd import Sgd
from netdsl.recipe.search import Search
from netdsl.schedules.constant import Constant
from netdsl.schedules.schedule import Schedule


class Recipe(NamedTuple):
    """How to train.

    ``data`` names data, ``classes`` the classes that it only numbers, ``split`` the percentages of
    train/validation/test; ``batch`` is in images, ``epochs`` in passes over the training part, ``stop`` in
    epochs without improvement; 0 stands for none. ``factor`` and ``freeze`` name layers, ``factor`` with
    what multiplies their rate; ``clip`` is the largest norm of all gradients together and ``average`` the
    share of the averaged weights that stays in an update, 0 for neither; ``accumulate`` is in batches of
    an update. ``exact`` and ``precision`` are those of Program, and part of the recipe because the bits of
    the result depend on them; ``precision`` is that of training steps, all else is float32.
    """

    data: str = "digits"
    classes: tuple[str, ...] = ()
    split: str = "80/10/10"
    loss: Loss = CrossEntropy()
    optimizer: Optimizer = Sgd()
    schedule: Schedule = Constant()
    batch: int = 32
    epochs: int = 15
    seed: int = 1
    init: Initializer = He()
    augment: tuple[Augmentation, ...] = ()
    factor: tuple[tuple[str, float], ...] = ()
    freeze: tuple[str, ...] = ()
    clip: float = 0.0
    accumulate: int = 1
    average: float = 0.0
    stop: int = 0
    search: Search = ()
    exact: bool = False
    precision: str = "float32"

    @property
    def rate(self) -> float:
        """The learning rate that a run begins with, after a warmup: the optimizer's, unless the schedule
        has its own rates."""
        return self.schedule.first_rate(self.optimizer.rate)
