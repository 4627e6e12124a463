"""AdamW: Adam with decoupled weight decay."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netdsl.optimizers.adam import Adam
from netdsl.optimizers.optimizer import decay_option

if TYPE_CHECKING:
    from netdsl.optimizers.update import Update


class AdamW(Adam):
    """w = w - rate*(m/(sqrt(v) + epsilon) + decay*w), m and v running averages of g and g*g.

    As `adam`, but every weight decays by the same share of itself, whatever its gradients are.

    torch.optim.AdamW with its defaults (Loshchilov, Hutter, 2019, "Decoupled Weight Decay
    Regularization", algorithm 2).
    """

    name: ClassVar[str] = "adamw"

    decay = decay_option(0.01)

    def update(self, on: Update) -> None:
        direction = self.direction(on, on.gradient)
        decay = self.decay_of(on)
        # Not w*(1 - rate*decay), which loses most digits of a small decay.
        on.assign(on.weight, on.weight - on.rate * (direction + decay * on.weight if decay else direction))
