"""mixup: images and their classes are mixed in pairs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from netdsl.augmentations.augmentation import Augmentation, Change, Draws, Pictures
from netdsl.layers.option import real

if TYPE_CHECKING:
    from netdsl.losses.loss import Loss


class Mixup(Augmentation):
    """Images and their classes are mixed in pairs.

    Computes
        x = share*x + (1 - share)*x' and target = share*target + (1 - share)*target'. The partner x' is any
        image of the training part, changed by the other augmentations as it is itself in this epoch.
        The share is drawn from Beta(alpha, alpha); the larger of the two is the image's own, which
        changes nothing where pairs are drawn in either order, and makes training accuracy that of the
        image which is seen best.

    Reference
        Zhang, Cisse, Dauphin, Lopez-Paz, 2018, "mixup: Beyond Empirical Risk Minimization", section 2;
        alpha from 0.1 to 0.4 for ImageNet, 1 for CIFAR-10.
    """

    name: ClassVar[str] = "mixup"
    needs_picture: ClassVar[bool] = False
    mixes: ClassVar[bool] = True

    alpha = real(
        "strength: at 0.2 few images are mixed visibly, at 1 every ratio is equally likely",
        positional=True,
        minimum=0.01,
        maximum=100,
    )

    def unfit_loss(self, loss: Loss) -> Iterator[tuple[str, str]]:
        if not loss.takes_shares:
            yield (
                f"`mixup` mixes two classes in one target, but the loss {loss.name} expects a single class",
                "use `loss cross-entropy`, or leave `mixup` out",
            )

    def change(self, draws: Draws, pictures: Pictures) -> Change:
        import numpy as np

        first, second, partner = (draws.uniform(0, 1) for _ in range(3))
        shares = [
            symmetric_beta(self.alpha, one, other)
            for one, other in zip(first.tolist(), second.tolist(), strict=True)
        ]
        return Change(partners=partner, shares=np.array([max(share, 1 - share) for share in shares]))


def symmetric_beta(alpha: float, first: float, second: float) -> float:
    """A number of the distribution Beta(alpha, alpha) from two that are even on [0, 1).

    Devroye, 1996, "Random Variate Generation in One Line of Code", section 3, from Student's t by the
    polar method (Bailey, 1994).
    """
    cosine = math.cos(2 * math.pi * second)
    growth = -math.log1p(-first) / alpha
    odds = (math.expm1(growth) if growth < 700 else math.inf) * cosine * cosine
    reach = 1 / math.sqrt(1 + 1 / odds) if odds > 0 else 0.0
    return 0.5 + math.copysign(0.5, cosine) * reach
