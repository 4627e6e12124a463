"""The training recipe of a file, as data: what ``train { }`` says, checked but not yet carried out."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from netdsl.source import Span


class Optimizer(NamedTuple):
    """``sgd rate 0.01 momentum 0.9``: a rule and the numbers that are written for it."""

    name: str
    rate: float | None = None
    momentum: float | None = None
    decay: float | None = None
    others: tuple[tuple[str, float], ...] = ()


class Stretch(NamedTuple):
    """``0.01*5``: a learning rate and for how many epochs it holds."""

    rate: float
    epochs: int


class Step(NamedTuple):
    """``step 0.1 every 30``: the rate is multiplied by ``factor`` every so many epochs."""

    factor: float
    epochs: int


class Cosine(NamedTuple):
    """``cosine to 1e-5``: the rate falls along half a cosine to ``last`` at the end."""

    last: float


class Plateau(NamedTuple):
    """``plateau 0.1 after 5``: the rate is multiplied after so many epochs without improvement."""

    factor: float
    epochs: int


class Schedule(NamedTuple):
    """How the learning rate changes: ``warmup`` epochs from zero, then the stretches or the rule."""

    warmup: int = 0
    stretches: tuple[Stretch, ...] = ()
    rule: Step | Cosine | Plateau | None = None


class Augmentation(NamedTuple):
    """``rotate 10``: a random change of the pictures, with its amount where it has one."""

    name: str
    amount: float | None = None


class Range(NamedTuple):
    """``rate in 1e-4..1e-1 log``: where to look for a setting."""

    setting: str
    low: float
    high: float
    logarithmic: bool = False


class Choices(NamedTuple):
    """``batch in {32, 64, 128}``: the values to try for a setting."""

    setting: str
    values: tuple[float, ...]


Search: TypeAlias = tuple[Range | Choices, ...]


class Recipe(NamedTuple):
    """Every entry that is written; None, or nothing, for those that are not.

    ``spans`` gives the place of each entry by its name. ``split`` holds the percentages as written.
    ``stop`` is a number of epochs without improvement.
    """

    data: str | None = None
    split: str | None = None
    loss: str | None = None
    optimizer: Optimizer | None = None
    schedule: Schedule | None = None
    batch: int | None = None
    epochs: int | None = None
    seed: int | None = None
    init: str | None = None
    augment: tuple[Augmentation, ...] = ()
    stop: int | None = None
    search: Search = ()
    spans: tuple[tuple[str, Span], ...] = ()

    def span(self, entry: str) -> Span | None:
        """Where an entry stands."""
        return dict(self.spans).get(entry)


ENTRIES = tuple(name for name in Recipe._fields if name != "spans")
"""The names of all entries, in the order of the documentation."""
