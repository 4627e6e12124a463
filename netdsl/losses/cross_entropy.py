"""Cross-entropy of the softmax of the scores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from netdsl.diagnostics import Mistake
from netdsl.layers.option import flag, numbers, real
from netdsl.layers.softmax import Softmax
from netdsl.losses.loss import Loss, Untrained
from netdsl.primitives.expression import operand
from netdsl.primitives.functions.exp import exp
from netdsl.primitives.functions.log import log
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class CrossEntropy(Loss):
    """-log of the probability that softmax gives the right class, averaged over the batch.

    Computes
        the sum over the classes c of q[c]*(log(sum of e^(s - m)) + m - s[c]), m the largest score, which
        neither overflows nor takes the logarithm of 0. q is the target: 1 at the right class. Its
        gradient is softmax(s) - q. In training, with ``smoothing`` a and C classes,
        q = (1 - a)*target + a/C; with ``weights`` w every q[c] counts w[c] times and the sum over the
        batch is divided by that of the weights of the right classes, as PyTorch does. Validation and
        test measure the plain loss.

    Reference
        Goodfellow, Bengio, Courville, 2016, "Deep Learning", section 6.2.2.3; smoothing: Szegedy,
        Vanhoucke, Ioffe, Shlens, Wojna, 2016, "Rethinking the Inception Architecture for Computer
        Vision", section 7; balanced weights: King, Zeng, 2001, "Logistic Regression in Rare Events Data".
    """

    name: ClassVar[str] = "cross-entropy"
    takes_scores: ClassVar[bool] = True
    takes_shares: ClassVar[bool] = True

    smoothing = real(
        "share of the target that is spread evenly over all classes",
        words=("smoothing", "label smoothing"),
        default=0.0,
        minimum=0.0,
        maximum=0.999999,
    )
    weights = numbers(
        "how often each class counts, in the order of the classes",
        words=("weights", "class weights"),
        minimum=0.0,
        above=True,
        maximum=1e6,
    )
    balanced = flag(
        "weights images/(classes * images of the class), so that rare classes count as much", about="weights"
    )

    def problems(self) -> Iterator[str]:
        if self.weights and self.balanced:
            yield "the weights of the classes are either given or balanced"

    def misfits(self, image: Volume, scores: Volume) -> Iterator[Mistake]:
        if self.weights and len(self.weights) != scores.values:
            yield Mistake(
                "ND559",
                f"there are {len(self.weights)} weights and the network has {scores.values} scores",
                help=("give one weight for each class, or `weights balanced`",),
            )

    def fitted(self, images: Sequence[int]) -> CrossEntropy:
        if not self.balanced:
            return self
        present = sum(1 for number in images if number)
        weights = tuple(sum(images) / (present * number) if number else 1.0 for number in images)
        return self.replaced(weights=weights, balanced=False)

    def counts(self, scores: int) -> tuple[float, ...] | None:
        return (*self.weights, *[1.0] * (scores - len(self.weights))) if self.weights else None

    def lower(self, build: Builder, scores: Tensor, target: Tensor) -> Tensor:
        a, b, c, d, e, f = (operand(number) for number in range(6))
        largest = build.reduce(a, scores, keep="batch", maximum=True, name="largest")
        total = build.reduce(exp(a - b), scores, largest, keep="batch", name="total")
        smoothing = self.smoothing if build.training else 0.0
        wanted = (1 - smoothing) * d + smoothing / scores.values if smoothing else d
        each = (scores, largest, total, target)
        known = self.counts(scores.values)
        if known is None or not build.training:
            loss = wanted * (log(c) + b - a) * (1 / build.batch)
            return build.reduce(loss, *each, keep="", name="cross_entropy")
        weights = build.constant("class_weights", scores.shape, lambda: known)
        counted = build.reduce(a * b, target, weights, keep="", name="counted")
        inverse = build.elementwise(1 / a, counted, name="inverse")
        loss = wanted * e * (log(c) + b - a) * f
        return build.reduce(loss, *each, weights, inverse, keep="", name="cross_entropy")

    def probabilities(self, build: Builder, scores: Tensor) -> Tensor:
        return Softmax().lower(build, build.flatten(scores))

    def untrained(self, scores: int) -> Untrained | None:
        """ln of the number of scores; Gaussian scores of deviation s add at most s^2/2.

        He initialisation gives standardised images scores of s = 1.4, max pooling and paths that skip
        layers more. 5 takes s = 4.5 with 10 scores, 3.3 with 1,000.
        """
        return Untrained(math.log(scores), f"ln {scores}", 5.0)
