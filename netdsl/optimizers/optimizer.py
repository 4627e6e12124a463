"""The contract of an optimizer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

from netdsl.layers.option import Option, flag, real
from netdsl.recipe.component import Component

if TYPE_CHECKING:
    from netdsl.optimizers.update import Update
    from netdsl.primitives.expression import Expression


class Optimizer(Component):
    """Writes the update of one parameter as formulas. Every optimizer has an option ``rate``."""

    rate: float

    def numbers(self, rate: float, update: int) -> dict[str, float]:
        """What the formulas of an update read besides arrays, by name; always ``rate``, that of the step.

        ``update`` counts from 1 over the whole run. What depends on it alone is computed here, in double
        precision, and not for each weight.
        """
        return {"rate": rate}

    @abstractmethod
    def update(self, on: Update) -> None:
        """Assign the parameter's new value, and those of the arrays that this takes."""


class Decaying(Optimizer):
    """Base of optimizers with weight decay: options ``decay`` and ``decay_all``, `decay 5e-4 all`."""

    decay: float
    decay_all: bool

    def decay_of(self, on: Update) -> float:
        """The decay of a parameter: that of the recipe for the weights of sums, of convolutions and fully
        connected layers; 0 for biases, normalisations and slopes unless ``decay_all``."""
        return self.decay if on.decays or self.decay_all else 0.0

    def decayed_gradient(self, on: Update) -> Expression:
        """gradient + decay*weight: the decay as a part of the loss, decay/2 times the sum of squares."""
        decay = self.decay_of(on)
        return on.gradient + decay * on.weight if decay else on.gradient

    def replaced(self, **options: Any) -> Self:
        """Without decay nothing is left that `all` could be about, unless it is asked for again."""
        if "decay_all" not in options and not options.get("decay", self.decay):
            options["decay_all"] = False
        return super().replaced(**options)

    def problems(self) -> Iterator[str]:
        if self.decay_all and not self.decay:
            yield f"`all` says what decays, but there is no decay: write `{self.name} decay 5e-4 all`"


def rate_option(default: float) -> Option[float]:
    """The learning rate."""
    return real(
        "learning rate",
        words=("rate", "lr", "learning rate"),
        default=default,
        minimum=0.0,
        above=True,
        maximum=1e6,
    )


def decay_option(default: float) -> Option[float]:
    """Weight decay, for the weights of sums alone."""
    return real(
        "weight decay; biases and normalisations decay with `all` only",
        words=("decay", "weight decay", "wd"),
        default=default,
        minimum=0.0,
        maximum=1e6,
    )


def decay_all_option() -> Option[bool]:
    """Weight decay for all parameters."""
    return flag("biases and normalisations decay, too", words=("all",), about="decay", default=False)


def momentum_option(default: float) -> Option[float]:
    """How much of the velocity is kept from step to step."""
    return real("share of the velocity that is kept", default=default, minimum=0.0, maximum=0.999999)


def epsilon_option(default: float) -> Option[float]:
    """What keeps a division finite; not 0, for a weight that never had a gradient is 0/0 then."""
    return real("added to the divisor", words=("epsilon", "eps"), default=default, minimum=1e-30, maximum=1e6)


def share_option(doc: str, default: float, words: tuple[str, ...] = ()) -> Option[float]:
    """How much of a running average is kept from step to step."""
    return real(doc, words=words, default=default, minimum=0.0, maximum=0.999999)


class WithMomentum(Decaying):
    """Base of gradient descent with momentum.

    The defaults are those of Krizhevsky, Sutskever, Hinton, 2012, "ImageNet Classification with Deep
    Convolutional Neural Networks", section 5.
    """

    rate = rate_option(0.01)
    momentum = momentum_option(0.9)
    decay = decay_option(5e-4)
    decay_all = decay_all_option()
